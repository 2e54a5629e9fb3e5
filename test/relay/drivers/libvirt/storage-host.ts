// Storage alone on a real libvirtd, without the driver's operations: for tests of what lies below them.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { resolveAddress } from "../../../../relay/drivers/libvirt/rpc/address.ts";
import { LibvirtClient } from "../../../../relay/drivers/libvirt/rpc/client.ts";
import { Session, type Ask, type LibvirtCalls } from "../../../../relay/drivers/libvirt/session.ts";
import type { NewVolume, Volume } from "../../../../relay/drivers/libvirt/storage/contract.ts";
import { LibvirtStorage } from "../../../../relay/drivers/libvirt/storage/volumes.ts";
import { libvirtTableSchema } from "../../../../relay/drivers/libvirt/tables.ts";
import { VmFailure } from "../../../../relay/drivers/virtual/failure.ts";
import { asWhole, type Undo } from "../../../../relay/drivers/virtual/undo.ts";
import { startLibvirtd, type Libvirtd } from "../../../fixtures/libvirtd.ts";

export interface StorageHost {
  readonly daemon: Libvirtd;
  readonly folder: string;
  /** Folders of the classes `default` and `second`. */
  readonly disks: string;
  readonly second: string;
  readonly storage: LibvirtStorage;
  readonly client: LibvirtClient;
  /** As a handler does: taken back when it fails. */
  create(wanted: NewVolume, ask?: Partial<Ask>): Promise<Volume>;
  /** Another storage over the same daemon, with something between it and libvirt. */
  over(between: (client: LibvirtCalls) => LibvirtCalls, more?: Record<string, unknown>): LibvirtStorage;
  /** Taken back when it fails. */
  whole<T>(act: (undo: Undo) => Promise<T>): Promise<T>;
  virsh(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

export const askFor = (more: Partial<Ask> = {}): Ask => ({
  request: undefined as never,
  signal: new AbortController().signal,
  progress: () => undefined,
  log: () => undefined,
  ...more,
});

export async function startStorage(prepare: (folder: string) => Record<string, unknown> = () => ({})): Promise<StorageHost> {
  const daemon = await startLibvirtd();
  const [disks, second] = [join(daemon.folder, "default"), join(daemon.folder, "second")];
  for (const folder of [disks, second]) mkdirSync(folder);
  const table = libvirtTableSchema.parse({
    uri: daemon.uri,
    domain_type: "qemu",
    storage: { default: { path: disks }, second: { path: second } },
    ...prepare(daemon.folder),
  });
  const client = new LibvirtClient({
    address: () => resolveAddress(daemon.uri),
    events: ["lifecycle"],
    onEvent: () => undefined,
    onResync: () => undefined,
    onDown: () => undefined,
    onFault: () => undefined,
  });
  await client.start();
  const storage = new LibvirtStorage(new Session(client, table));
  return {
    daemon,
    folder: daemon.folder,
    disks,
    second,
    storage,
    client,
    create: (wanted, more) => {
      const ask = askFor(more);
      return asWhole(ask, (undo) => storage.create(wanted, ask, undo));
    },
    over: (between, more = {}) => new LibvirtStorage(new Session(between(client), libvirtTableSchema.parse({ ...table, ...more }))),
    whole: (act) => asWhole(askFor(), act),
    virsh: (...args) => daemon.virsh(daemon.uri, ...args),
    async stop() {
      client.stop();
      await daemon.stop();
    },
  };
}

/** The code with which something is refused; what it gave when it is not. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    return { was: await work };
  } catch (error) {
    if (error instanceof VmFailure) return error.code;
    throw error;
  }
}

/** As qemu-img sees it: of test's own images only. */
export function imageInfo(path: string): Record<string, unknown> {
  return JSON.parse(execFileSync("qemu-img", ["info", "-U", "--output=json", path], { encoding: "utf8" })) as Record<string, unknown>;
}

/** A qcow2 image of 1 MiB whose bytes lie in a file of their own, `data`. */
export function makeHollow(path: string, data: string): void {
  execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-o", `data_file=${data},data_file_raw=on`, path, "1M"]);
}
