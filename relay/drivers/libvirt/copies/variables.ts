// What the UEFI firmware of a machine remembers, its boot entries above all: a system that was installed without a fallback does not
// start without them. Read through libvirt, because the file lies where only it may look; a copy lies beside the machine's disks.
import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Undo } from "../../virtual/undo.ts";
import { LibvirtError } from "../rpc/errors.ts";
import type { StorageVolumeRef } from "../rpc/types.ts";
import { gather } from "../rpc/stream.ts";
import type { Ask, LibvirtCalls, ReadVm, Session } from "../session.ts";
import type { Storage } from "../storage/contract.ts";
import { poolXml } from "../storage/pools.ts";
import type { XmlElement } from "../xml/tree.ts";
import { orNull, poolOf, release } from "./folder.ts";

/** The largest firmware there is: that of ARM, padded. */
export const VARIABLES_BYTES = 64 * 2 ** 20;

/** One at a time for a connection: two pools cannot lie in one folder. */
const turns = new WeakMap<LibvirtCalls, Promise<unknown>>();

const said = (defined: XmlElement): string => {
  const variables = defined.find("os/nvram");
  return variables?.find("source")?.attribute("file") ?? variables?.text.trim() ?? "";
};

/** Where libvirt puts them when the definition does not say, and other tools when they do. */
function usualPath({ table }: Session, name: string): string {
  const isUsers = table.uri.includes("///session");
  return join(isUsers ? join(homedir(), ".config/libvirt") : "/var/lib/libvirt", "qemu/nvram", `${name}_VARS.fd`);
}

const pathOf = (session: Session, { defined, facts }: ReadVm): string => said(defined) || usualPath(session, facts.name);

/** They lie where the next machine of this name would have its own. */
export const lieByName = (session: Session, vm: ReadVm): boolean => pathOf(session, vm) === usualPath(session, vm.facts.name);

/** Runs `use` with their file as a volume of libvirt's; null where there is none. */
async function withFile<T>(session: Session, path: string, use: (volume: StorageVolumeRef) => Promise<T>): Promise<T | null> {
  const { client } = session;
  const folder = dirname(path);
  const there = await poolOf(session, { path: folder });
  const name = `farhand-folder-${randomBytes(6).toString("hex")}`;
  const pool = there ?? (await client.call("storagePoolCreateXml", { xml: poolXml(name, folder), flags: 0 })).pool;
  try {
    if (there) await client.call("storagePoolRefresh", { pool, flags: 0 });
    const found = await orNull(() => client.call("storageVolLookupByName", { pool, name: basename(path) }), "NO_STORAGE_VOL");
    return found && (await use(found.volume));
  } finally {
    if (!there) await release(session, pool);
  }
}

/** Of all who ask, one after the other. */
function inTurn<T>({ client }: Session, act: () => Promise<T>): Promise<T> {
  const mine = (turns.get(client) ?? Promise.resolve()).then(act);
  turns.set(
    client,
    mine.catch(() => undefined),
  );
  return mine;
}

async function download({ client }: Session, volume: StorageVolumeRef): Promise<Buffer> {
  const { stream } = await client.openStream("storageVolDownload", { volume, offset: 0, length: VARIABLES_BYTES, flags: 0 });
  try {
    return await gather(stream, VARIABLES_BYTES);
  } finally {
    stream.destroy();
  }
}

/** null: there are none (a BIOS, or it never ran), or libvirt does not give them; then the firmware begins anew. */
export async function readVariables(session: Session, vm: ReadVm, { log }: Pick<Ask, "log">): Promise<Buffer | null> {
  if (vm.facts.firmware !== "uefi") return null;
  const path = pathOf(session, vm);
  if (!path.startsWith("/")) return null;
  try {
    return await inTurn(session, () => withFile(session, path, (volume) => download(session, volume)));
  } catch (error) {
    if (!(error instanceof LibvirtError && error.condition === "daemon")) throw error;
    log("warn", `The firmware's variables of ${vm.facts.name} cannot be read: ${error.message}`);
    return null;
  }
}

/** Takes away those that lie where libvirt puts them, of a machine that has others now. Never throws. */
export async function forgetVariables(session: Session, old: ReadVm, { log }: Pick<Ask, "log">): Promise<void> {
  const { client } = session;
  const path = pathOf(session, old);
  const remove = (volume: StorageVolumeRef) => client.call("storageVolDelete", { volume, flags: 0 });
  await inTurn(session, () => withFile(session, path, remove)).catch((error: unknown) =>
    log("warn", `${path} is left of the machine's old name: ${error instanceof Error ? error.message : "unknown"}`),
  );
}

/** Puts them into a storage class, and says so in the definition: libvirt takes them away with the machine. `name`: of the machine. */
export async function placeVariables(
  storage: Storage,
  root: XmlElement,
  { name, storageClass, bytes }: { readonly name: string; readonly storageClass: string; readonly bytes: Buffer },
  undo: Undo,
): Promise<void> {
  const { path } = await storage.write(storageClass, `${name}-${randomBytes(4).toString("hex")}_VARS.fd`, bytes, undo);
  const variables = root.ensure("os").ensure("nvram");
  if (variables.attribute("type") !== null) variables.setAttribute("type", null);
  variables.setText(path);
}
