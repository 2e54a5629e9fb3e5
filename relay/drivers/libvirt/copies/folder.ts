// A folder below a storage class's, made, read and taken away by libvirt: the relay itself may have no right to it. While it is
// held it is a class of its own for a storage beside the usual one; nothing else is ever in that storage's reach.
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { VmFailure } from "../../virtual/failure.ts";
import type { Undo } from "../../virtual/undo.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import type { StoragePoolRef } from "../rpc/types.ts";
import { Session, type Ask } from "../session.ts";
import type { Storage } from "../storage/contract.ts";
import { Places } from "../storage/places.ts";
import { poolXml } from "../storage/pools.ts";
import { LibvirtStorage } from "../storage/volumes.ts";

/** No name of a declared class. */
export const FOLDER_CLASS = "(folder)";
const RETRY_MS = 2_000;
const RETRIES = 1_800;

export interface Folder {
  readonly path: string;
  /** The declared classes, and the folder as {@link FOLDER_CLASS}. */
  readonly storage: Storage;
}

export function storageWith(session: Session, path: string): Storage {
  const storage = { ...session.table.storage, [FOLDER_CLASS]: { path, description: "" } };
  return new LibvirtStorage(new Session(session.client, { ...session.table, storage }));
}

/** Throws STORAGE_NOT_FOUND or STORAGE_UNAVAILABLE. */
export async function pathOf(session: Session, storageClass: string, folder: string): Promise<string> {
  return join(await new Places(session.table).folder(storageClass), folder);
}

const kindOf = (path: string): Promise<"folder" | "other" | null> =>
  lstat(path).then(
    (entry) => (entry.isDirectory() ? "folder" : "other"),
    (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? null : "other"),
  );

/** Throws DISK_EXISTS: whatever has the name, a link too. */
export async function needFree(path: string): Promise<void> {
  if ((await kindOf(path)) === null) return;
  throw new VmFailure("DISK_EXISTS", "There is something of the folder's name already.", [{ pointer: "/folder", message: "is taken" }]);
}

/** Throws DISK_NOT_FOUND unless it is a folder itself and no link to one. */
export async function needFolder(path: string): Promise<void> {
  if ((await kindOf(path)) === "folder") return;
  throw new VmFailure("DISK_NOT_FOUND", "There is no such exported folder.", [
    { pointer: "/folder", message: "is no folder of that storage class" },
  ]);
}

export async function orNull<T>(run: () => Promise<T>, ...errors: string[]): Promise<T | null> {
  try {
    return await run();
  } catch (error) {
    if (errors.some((name) => isLibvirtError(error, name))) return null;
    throw error;
  }
}

export const poolOf = async (
  { client }: Session,
  by: { readonly name: string } | { readonly path: string },
): Promise<StoragePoolRef | null> => {
  const look = () => ("name" in by ? client.call("storagePoolLookupByName", by) : client.call("storagePoolLookupByTargetPath", by));
  return (await orNull(look, "NO_STORAGE_POOL"))?.pool ?? null;
};

/** The folder stays. That there is no such pool (any more) is no failure. */
export async function release({ client }: Session, pool: StoragePoolRef): Promise<void> {
  await orNull(() => client.call("storagePoolDestroy", { pool }), "OPERATION_INVALID", "NO_STORAGE_POOL");
  await orNull(() => client.call("storagePoolUndefine", { pool }), "OPERATION_INVALID", "NO_STORAGE_POOL");
}

/** Takes the empty folder away, with all pools on it. */
async function removeFolder(session: Session, name: string, path: string): Promise<void> {
  const { client } = session;
  const other = await poolOf(session, { path });
  if (other && other.name !== name) await release(session, other);
  if ((await kindOf(path)) !== null) {
    const pool =
      (await poolOf(session, { name })) ?? (await client.call("storagePoolDefineXml", { xml: poolXml(name, path), flags: 0 })).pool;
    await orNull(() => client.call("storagePoolDestroy", { pool }), "OPERATION_INVALID");
    await client.call("storagePoolDelete", { pool, flags: 0 });
  }
  const pool = await poolOf(session, { name });
  if (pool) await release(session, pool);
}

/** A cancelled copy goes on within libvirt, which lets nothing of its folder go until it ends: tried now, and until then. Never throws. */
async function whenIdle(what: string, act: () => Promise<void>, { log }: Pick<Ask, "log">): Promise<void> {
  const attempt = () =>
    act().then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : "unknown"),
    );
  const first = await attempt();
  if (first === null) return;
  log("info", `${what} is let go when libvirt has ended what it does there: ${first}`);
  void (async () => {
    for (let tries = 0; tries < RETRIES; tries += 1) {
      await sleep(RETRY_MS, undefined, { ref: false });
      if ((await attempt()) === null) return;
    }
    log("error", `${what} could not be let go`);
  })();
}

/** Makes the folder, which must not be there, and runs `fill` with it. What fails leaves no folder; what succeeds leaves it alone. */
export async function withNewFolder<T>(
  session: Session,
  path: string,
  ask: Ask,
  undo: Undo,
  fill: (folder: Folder) => Promise<T>,
): Promise<T> {
  const { client } = session;
  await needFree(path);
  const name = `farhand-folder-${randomBytes(6).toString("hex")}`;
  undo.push("the folder", () => whenIdle(path, () => removeFolder(session, name, path), ask));
  const { pool } = await client.call("storagePoolDefineXml", { xml: poolXml(name, path), flags: 0 });
  await client.call("storagePoolBuild", { pool, flags: 0 });
  await client.call("storagePoolCreate", { pool, flags: 0 });
  const result = await fill({ path, storage: storageWith(session, path) });
  await release(session, pool);
  return result;
}

/** Runs `use` with a folder that is there. Leaves no pool of its own. */
export async function withFolder<T>(
  session: Session,
  path: string,
  ask: Pick<Ask, "log">,
  use: (folder: Folder) => Promise<T>,
): Promise<T> {
  await needFolder(path);
  const name = `farhand-folder-${randomBytes(6).toString("hex")}`;
  const isThere = (await poolOf(session, { path })) !== null;
  const letGo = async () => {
    const own = isThere ? null : await poolOf(session, { name });
    if (own) await release(session, own);
  };
  try {
    if (!isThere) await session.client.call("storagePoolCreateXml", { xml: poolXml(name, path), flags: 0 });
    return await use({ path, storage: storageWith(session, path) });
  } finally {
    await whenIdle(path, letGo, ask);
  }
}
