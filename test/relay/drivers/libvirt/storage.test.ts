// Storage on a real libvirtd: what is made is what qemu-img and virsh say it is, and nothing outside the declared folders is touched.
import { execFileSync } from "node:child_process";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { NewVolume } from "../../../../relay/drivers/libvirt/storage/contract.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { askFor, failureOf, imageInfo, makeHollow, startStorage, type StorageHost } from "./storage-host.ts";

const MiB = 1024 * 1024;
const img = (...args: string[]) => execFileSync("qemu-img", args, { encoding: "utf8" });

describe.skipIf(libvirtdMissing !== null)("volumes of storage classes", () => {
  let host: StorageHost;
  const wanted = (more: Partial<NewVolume>): NewVolume => ({
    storageClass: "default",
    stem: "d",
    mayNumber: true,
    format: "qcow2",
    ...more,
  });
  beforeAll(async () => {
    host = await startStorage((folder) => {
      mkdirSync(join(folder, "images"));
      writeFileSync(join(folder, "images/gold.raw"), randomBytes(8 * MiB));
      img("convert", "-O", "qcow2", join(folder, "images/gold.raw"), join(folder, "images/gold.qcow2"));
      mkdirSync(join(folder, "outside"));
      writeFileSync(join(folder, "outside/secret"), "secret");
      return { images: { gold: { path: join(folder, "images/gold.qcow2") }, graw: { path: join(folder, "images/gold.raw") } } };
    });
  });
  afterAll(() => host?.stop());

  it("makes an empty qcow2, which takes next to nothing, and finds it again", async () => {
    const volume = await host.create(wanted({ stem: "empty", sizeBytes: 64 * MiB }));
    expect(imageInfo(volume.path)).toMatchObject({ format: "qcow2", "virtual-size": 64 * MiB });
    expect(await host.storage.info(volume)).toMatchObject({ sizeBytes: 64 * MiB, format: "qcow2", backing: null });
    expect(await host.storage.find(host.storage.idOf(volume.path))).toEqual(volume);
    expect(await host.virsh("vol-list", "farhand-default")).toContain("empty.qcow2");
  });

  it.each(["qcow2", "raw"] as const)("takes the space of a %s at once where it is asked to", async (format) => {
    const volume = await host.create(wanted({ stem: "full", format, sizeBytes: 16 * MiB, preallocate: true }));
    expect((await host.storage.info(volume)).allocatedBytes).toBeGreaterThanOrEqual(16 * MiB);
  });

  it.each([
    ["gold", "qcow2"],
    ["gold", "raw"],
    ["graw", "qcow2"],
    ["graw", "raw"],
  ] as const)("copies the image %s in full to %s, grows it, and leaves no pool of the image's folder", async (image, format) => {
    const volume = await host.create(wanted({ stem: `of-${image}`, format, sizeBytes: 24 * MiB, source: { mode: "full", image } }));
    expect(imageInfo(volume.path)).toMatchObject({ format, "virtual-size": 24 * MiB });
    expect(imageInfo(volume.path)).not.toHaveProperty("backing-filename");
    const bytes = img("convert", "-O", "raw", volume.path, join(host.folder, "out.raw"));
    expect(bytes).toBe("");
    expect(
      readFileSync(join(host.folder, "out.raw"))
        .subarray(0, 8 * MiB)
        .equals(readFileSync(join(host.folder, "images/gold.raw"))),
    ).toBe(true);
    expect(await host.virsh("pool-list", "--all", "--name")).not.toContain("image");
  });

  it("makes a linked copy that says its base's format, and protects the base for as long as it is there", async () => {
    const base = await host.create(wanted({ stem: "base", format: "raw", sizeBytes: 8 * MiB }));
    const child = await host.create(wanted({ stem: "child", sizeBytes: 16 * MiB, source: { mode: "linked", volume: base } }));
    expect(imageInfo(child.path)).toMatchObject({
      "backing-filename": base.path,
      "backing-filename-format": "raw",
      "virtual-size": 16 * MiB,
    });
    expect(await host.storage.children(base)).toEqual([child]);
    expect(await host.storage.info(child)).toMatchObject({ backing: base.path });
    expect(await failureOf(host.storage.delete(base))).toBe("DISK_HAS_CHILDREN");
    expect(await failureOf(host.storage.resize(base, 64 * MiB))).toBe("DISK_HAS_CHILDREN");
    await host.storage.delete(child);
    await host.storage.resize(base, 12 * MiB);
    expect(statSync(base.path).size).toBe(12 * MiB);
    await host.storage.delete(base);
    expect(existsSync(base.path)).toBe(false);
  });

  it("copies a linked volume with all that it stands on", async () => {
    const base = await host.create(wanted({ stem: "lower", source: { mode: "full", image: "gold" } }));
    const middle = await host.create(wanted({ stem: "upper", source: { mode: "linked", volume: base } }));
    const copy = await host.create(
      wanted({ stem: "flat", storageClass: "second", format: "raw", source: { mode: "full", volume: middle } }),
    );
    expect(copy.path).toBe(join(host.second, "flat.raw"));
    expect(readFileSync(copy.path).equals(readFileSync(join(host.folder, "images/gold.raw")))).toBe(true);
  });

  it("numbers a name that is taken where it may, and refuses it where it may not", async () => {
    const first = await host.create(wanted({ stem: "same", sizeBytes: MiB }));
    const second = await host.create(wanted({ stem: "same", sizeBytes: MiB }));
    expect([first.file, second.file]).toEqual(["same.qcow2", "same-1.qcow2"]);
    expect(await failureOf(host.create(wanted({ stem: "same", sizeBytes: MiB, mayNumber: false })))).toBe("DISK_EXISTS");
    const both = await Promise.all([1, 2, 3].map(() => host.create(wanted({ stem: "race", sizeBytes: MiB }))));
    expect(new Set(both.map(({ file }) => file)).size).toBe(3);
  });

  it.each([
    ["STORAGE_NOT_FOUND", { storageClass: "constructor", sizeBytes: MiB }],
    ["IMAGE_NOT_FOUND", { source: { mode: "full", image: "nope" } }],
    ["STORAGE_FULL", { sizeBytes: 2 ** 45, preallocate: true }],
    ["DISK_SHRINK_REFUSED", { sizeBytes: MiB, source: { mode: "full", image: "gold" } }],
    ["STORAGE_OUTSIDE", { stem: "../outside/x", sizeBytes: MiB }],
    ["STORAGE_OUTSIDE", { stem: "/etc/x", sizeBytes: MiB }],
    ["STORAGE_OUTSIDE", { stem: "..", sizeBytes: MiB }],
  ] as [string, Partial<NewVolume>][])("refuses with %s in plan and act, and leaves nothing", async (code, more) => {
    const before = await host.virsh("vol-list", "farhand-default");
    expect(await failureOf(host.storage.plan(wanted(more)))).toBe(code);
    expect(await failureOf(host.create(wanted(more)))).toBe(code);
    expect(await host.virsh("vol-list", "farhand-default")).toBe(before);
  });

  it("plans without making anything", async () => {
    const plan = await host.storage.plan(wanted({ stem: "planned", sizeBytes: MiB }));
    expect(plan).toEqual({ file: "planned.qcow2", path: join(host.disks, "planned.qcow2"), sizeBytes: MiB });
    expect(existsSync(plan.path)).toBe(false);
  });

  it("writes a small file byte for byte", async () => {
    const bytes = randomBytes(370_001);
    const volume = await host.whole((undo) => host.storage.write("default", "seed.iso", bytes, undo));
    expect(readFileSync(volume.path).equals(bytes)).toBe(true);
    expect(await failureOf(host.whole((undo) => host.storage.write("default", "seed.iso", bytes, undo)))).toBe("DISK_EXISTS");
    expect(await failureOf(host.whole((undo) => host.storage.write("default", "../seed.iso", bytes, undo)))).toBe("STORAGE_OUTSIDE");
    expect(readFileSync(volume.path).equals(bytes)).toBe(true);
    await host.storage.delete(volume);
  });

  it("uses and deletes files that others put there", async () => {
    img("create", "-q", "-f", "qcow2", join(host.disks, "foreign.qcow2"), "4M");
    const volume = await host.storage.require(join(host.disks, "foreign.qcow2"));
    await host.storage.resize(volume, 8 * MiB);
    expect(imageInfo(volume.path)).toMatchObject({ "virtual-size": 8 * MiB });
    await host.storage.delete(volume);
    expect(existsSync(volume.path)).toBe(false);
  });

  it("starts a pool that is there and does not run, whatever its name, instead of making another", async () => {
    await host.virsh("pool-destroy", "farhand-second");
    await host.virsh("pool-undefine", "farhand-second");
    await host.virsh("pool-define-as", "theirs", "dir", "--target", host.second);
    const volume = await host.create(wanted({ stem: "theirs", storageClass: "second", sizeBytes: MiB }));
    expect(await host.virsh("vol-list", "theirs")).toContain(volume.file);
    expect(await host.virsh("pool-list", "--all", "--name")).not.toContain("farhand-second");
  });

  it("works through a class's folder that is a link, and by either path", async () => {
    mkdirSync(join(host.folder, "real"));
    symlinkSync(join(host.folder, "real"), join(host.folder, "linked-class"));
    const storage = host.over((client) => client, { storage: { linked: { path: join(host.folder, "linked-class") } } });
    const volume = await host.whole((undo) => storage.create(wanted({ storageClass: "linked", sizeBytes: MiB }), askFor(), undo));
    expect(volume.path).toBe(join(host.folder, "real/d.qcow2"));
    expect(await storage.locate(join(host.folder, "linked-class/d.qcow2"))).toEqual(volume);
    expect(await storage.find(storage.idOf(join(host.folder, "linked-class/d.qcow2")))).toEqual(volume);
    await storage.delete(volume);
  });

  describe("never leave the declared folders", () => {
    const outside = () => join(host.folder, "outside/secret");
    const untouched = () => expect([readFileSync(outside(), "utf8"), statSync(outside()).size]).toEqual(["secret", 6]);
    afterEach(untouched);

    it("by links, folders, other names of a file, or paths that go up", async () => {
      symlinkSync(outside(), join(host.disks, "link.qcow2"));
      symlinkSync(join(host.folder, "outside"), join(host.disks, "folder"));
      mkdirSync(join(host.disks, "directory.qcow2"));
      linkSync(outside(), join(host.disks, "hard.qcow2"));
      execFileSync("mkfifo", [join(host.disks, "fifo.qcow2")]);
      writeFileSync(join(host.disks, ".hidden"), "");
      const names = [
        "link.qcow2",
        "folder/secret",
        "directory.qcow2",
        "hard.qcow2",
        "fifo.qcow2",
        ".hidden",
        "nothing",
        "",
        "../outside/secret",
        "..",
        ".",
      ];
      for (const name of names) {
        const path = `${host.disks}/${name}`;
        expect([name, await host.storage.locate(path), await failureOf(host.storage.require(path))]).toEqual([
          name,
          null,
          "STORAGE_OUTSIDE",
        ]);
        expect([name, await failureOf(host.storage.find(host.storage.idOf(path)))]).toEqual([name, "DISK_NOT_FOUND"]);
      }
      expect(await host.storage.locate(outside())).toBeNull();
      expect(await host.storage.locate("disk.qcow2")).toBeNull();
      expect((await host.storage.list("default")).map(({ file }) => file)).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/link|hard|fifo|hidden|directory/)]),
      );
      unlinkSync(join(host.disks, "hard.qcow2"));
    });

    it("when a link is put in a volume's place", async () => {
      const volume = await host.create(wanted({ stem: "swapped", format: "raw", sizeBytes: MiB }));
      rmSync(volume.path);
      symlinkSync(outside(), volume.path);
      expect(await failureOf(host.storage.resize(volume, 4 * MiB))).toBe("STORAGE_OUTSIDE");
      expect(await failureOf(host.storage.delete(volume))).toBe("STORAGE_OUTSIDE");
      expect(await failureOf(host.create(wanted({ stem: "leak", format: "raw", source: { mode: "full", volume } })))).toBe(
        "STORAGE_OUTSIDE",
      );
      expect(lstatSync(volume.path).isSymbolicLink()).toBe(true);
    });

    it("by a link that has the name of what is made", async () => {
      symlinkSync(join(host.folder, "outside/new"), join(host.disks, "trap.qcow2"));
      expect(await failureOf(host.create(wanted({ stem: "trap", sizeBytes: MiB, mayNumber: false })))).toBe("DISK_EXISTS");
      expect((await host.create(wanted({ stem: "trap", sizeBytes: MiB }))).file).toBe("trap-1.qcow2");
      expect(existsSync(join(host.folder, "outside/new"))).toBe(false);
    });

    it("by what a guest writes into its raw disk", async () => {
      const volume = await host.create(wanted({ stem: "guest", format: "raw", sizeBytes: MiB }));
      img("create", "-q", "-u", "-f", "qcow2", "-b", outside(), "-F", "raw", join(host.folder, "evil.qcow2"), "1M");
      const evil = readFileSync(join(host.folder, "evil.qcow2"));
      writeFileSync(volume.path, evil.length > MiB ? evil.subarray(0, MiB) : Buffer.concat([evil, Buffer.alloc(MiB - evil.length)]));
      expect(await host.storage.info(volume)).toMatchObject({ format: "raw", sizeBytes: MiB, backing: null });
      const asItIs = await host.create(wanted({ stem: "as-it-is", format: "raw", source: { mode: "full", volume } }));
      expect(readFileSync(asItIs.path).equals(readFileSync(volume.path))).toBe(true);
      // From here on libvirt takes it for what the guest says it is.
      await host.virsh("pool-refresh", "farhand-default");
      expect(await failureOf(host.create(wanted({ stem: "stolen", source: { mode: "full", volume } })))).toBe("VM_CONFIG_INVALID");
      expect(await failureOf(host.storage.resize(volume, 2 * MiB))).toBe("VM_CONFIG_INVALID");
      expect(existsSync(join(host.disks, "stolen.qcow2"))).toBe(false);
      const linked = await host.create(wanted({ stem: "on-guest", source: { mode: "linked", volume } }));
      expect(imageInfo(linked.path)).toMatchObject({ "backing-filename-format": "raw" });
      renameSync(volume.path, join(host.disks, "guest.img"));
      const renamed = await host.storage.require(join(host.disks, "guest.img"));
      expect(await failureOf(host.storage.trustedFormat(renamed))).toBe("VM_CONFIG_INVALID");
    });

    it("by a loose volume that stands on a file outside", async () => {
      img("create", "-q", "-u", "-f", "qcow2", "-b", outside(), "-F", "raw", join(host.disks, "imported.qcow2"), "1M");
      const volume = await host.storage.require(join(host.disks, "imported.qcow2"));
      expect(await failureOf(host.storage.trustedFormat(volume))).toBe("STORAGE_OUTSIDE");
      expect(await failureOf(host.create(wanted({ stem: "stolen", source: { mode: "full", volume } })))).toBe("STORAGE_OUTSIDE");
      await host.storage.delete(volume);
    });

    it("by a loose volume whose data lies in a file outside", async () => {
      makeHollow(join(host.disks, "hollow.qcow2"), join(host.folder, "data"));
      const volume = await host.storage.require(join(host.disks, "hollow.qcow2"));
      expect(await failureOf(host.storage.trustedFormat(volume))).toBe("STORAGE_OUTSIDE");
      await host.storage.delete(volume);
      expect(existsSync(join(host.folder, "data"))).toBe(true);
    });
  });
});
