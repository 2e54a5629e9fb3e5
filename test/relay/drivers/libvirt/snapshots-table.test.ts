// The table of snapshots in an image, as qemu-img writes it: by the file and through libvirt; and from bytes that mean nothing.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LibvirtStorage } from "../../../../relay/drivers/libvirt/storage/volumes.ts";
import { throughLibvirt } from "../../../../relay/drivers/libvirt/storage/bytes.ts";
import { Session } from "../../../../relay/drivers/libvirt/session.ts";
import { readTable, snapshotsIn } from "../../../../relay/drivers/libvirt/snapshots/table.ts";
import { libvirtTableSchema } from "../../../../relay/drivers/libvirt/tables.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { connectedDaemon, type ConnectedDaemon } from "./real-clients.ts";

const NAMES = ["one", "zwei", "a-rather-long-name.with_everything-that-is-allowed-in-it-0123456789", "7"];

describe.skipIf(libvirtdMissing !== null)("the table of snapshots", { timeout: 60_000 }, () => {
  let libvirt: ConnectedDaemon;
  let session: Session;
  let path: string;

  beforeAll(async () => {
    libvirt = await connectedDaemon();
    const { daemon, client } = libvirt;
    const folder = join(daemon.folder, "disks");
    mkdirSync(folder);
    path = join(folder, "a.qcow2");
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", path, "1M"]);
    for (const name of NAMES) execFileSync("qemu-img", ["snapshot", "-c", name, path]);
    session = new Session(client, libvirtTableSchema.parse({ uri: daemon.uri, storage: { default: { path: folder } } }));
  }, 60_000);
  afterAll(() => libvirt?.stop());

  it("is the same by the file and through libvirt", async () => {
    const storage = new LibvirtStorage(session);
    const volume = await storage.require(path);
    const table = await snapshotsIn(session, storage, volume);
    expect(table?.map(({ name }) => name)).toEqual(NAMES);
    expect(table?.map(({ id }) => id)).toEqual(["1", "2", "3", "4"]);
    expect(await readTable(throughLibvirt(session, storage, volume))).toEqual(table);
  });

  const from = (bytes: Buffer) => readTable((offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)));

  it("is none of what is no qcow2, and empty where it leads nowhere", async () => {
    expect(await from(Buffer.alloc(0))).toBeNull();
    expect(await from(Buffer.alloc(4096, "x"))).toBeNull();
    const bytes = readFileSync(path);
    bytes.writeBigUInt64BE(2n ** 62n, 64);
    expect(await from(bytes)).toEqual([]);
    bytes.writeBigUInt64BE(BigInt(bytes.length), 64);
    expect(await from(bytes)).toEqual([]);
  });

  it("survives 2,000 tables of noise", async () => {
    const image = readFileSync(path).subarray(0, 2 * 65_536);
    for (let round = 0; round < 2_000; round += 1) {
      const bytes = Buffer.from(image);
      bytes.writeUInt32BE(randomBytes(2).readUInt16BE(), 60);
      bytes.writeBigUInt64BE(BigInt(512 + (round % 64)), 64);
      randomBytes(4_096).copy(bytes, 512);
      expect(Array.isArray(await from(bytes))).toBe(true);
    }
  });
});
