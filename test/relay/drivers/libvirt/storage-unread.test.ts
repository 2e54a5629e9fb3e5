// Storage of a relay that is not root: the classes' folders may be passed through but not read, and neither may the files in them.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { failureOf, imageInfo, makeHollow, startStorage, type StorageHost } from "./storage-host.ts";

const MiB = 1024 * 1024;
const NOBODY = 65_534;

describe.skipIf(libvirtdMissing !== null || !process.seteuid)("storage that the relay may not read", () => {
  let host: StorageHost;
  const asNobody = async <T>(act: () => Promise<T>): Promise<T> => {
    process.seteuid!(NOBODY);
    try {
      return await act();
    } finally {
      process.seteuid!(0);
    }
  };
  const qemuImg = (...args: string[]) => execFileSync("qemu-img", args);
  beforeAll(async () => {
    host = await startStorage((folder) => {
      mkdirSync(join(folder, "images"));
      qemuImg("create", "-q", "-f", "qcow2", join(folder, "images/gold.qcow2"), "8M");
      return { images: { gold: { path: join(folder, "images/gold.qcow2") } } };
    });
    for (const folder of [host.folder, join(host.folder, "images"), join(host.folder, "run")]) chmodSync(folder, 0o755);
    chmodSync(host.daemon.socket, 0o777);
    chmodSync(host.disks, 0o711);
  });
  afterAll(() => host?.stop());

  it("is made, listed, read, grown and deleted through libvirt", async () => {
    const made = await asNobody(async () => {
      await expect(readdir(host.disks)).rejects.toMatchObject({ code: "EACCES" });
      const base = await host.create({
        storageClass: "default",
        stem: "base",
        mayNumber: true,
        format: "qcow2",
        source: { mode: "full", image: "gold" },
      });
      const child = await host.create({
        storageClass: "default",
        stem: "child",
        mayNumber: true,
        format: "qcow2",
        sizeBytes: 16 * MiB,
        source: { mode: "linked", volume: base },
      });
      expect(await host.storage.list("default")).toEqual([base, child]);
      expect(await host.storage.find(host.storage.idOf(child.path))).toEqual(child);
      expect(await host.storage.info(child)).toMatchObject({ sizeBytes: 16 * MiB, format: "qcow2", backing: base.path });
      expect(await failureOf(host.storage.delete(base))).toBe("DISK_HAS_CHILDREN");
      await host.storage.resize(child, 32 * MiB);
      return { base, child };
    });
    expect(imageInfo(made.child.path)).toMatchObject({ "virtual-size": 32 * MiB });
    qemuImg("create", "-q", "-f", "qcow2", join(host.disks, "foreign.qcow2"), "4M");
    chmodSync(join(host.disks, "foreign.qcow2"), 0o600);
    await asNobody(async () => {
      const foreign = await host.storage.find(host.storage.idOf(join(host.disks, "foreign.qcow2")));
      expect(await host.storage.info(foreign)).toMatchObject({ sizeBytes: 4 * MiB, format: "qcow2" });
      await host.storage.delete(foreign);
      for (const volume of [made.child, made.base]) await host.storage.delete(volume);
      expect(await host.storage.list("default")).toEqual([]);
    });
  });

  it("refuses a file whose data lies outside", async () => {
    makeHollow(join(host.disks, "hollow.qcow2"), join(host.folder, "data"));
    chmodSync(join(host.disks, "hollow.qcow2"), 0o600);
    expect(
      await asNobody(async () => failureOf(host.storage.trustedFormat(await host.storage.require(join(host.disks, "hollow.qcow2"))))),
    ).toBe("STORAGE_OUTSIDE");
  });
});
