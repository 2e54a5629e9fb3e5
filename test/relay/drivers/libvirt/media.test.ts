// Media of drives, images and storage classes on a real libvirtd.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LibvirtError } from "../../../../relay/drivers/libvirt/rpc/errors.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { startVmHost, type VmHost } from "./host.ts";

const MiB = 1024 * 1024;
const UUID = { off: "11111111-1111-4111-8111-111111111111", on: "22222222-2222-4222-8222-222222222222" } as const;
const domainXml = (name: string, uuid: string, devices = "") => `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid>
<memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>${devices}</devices></domain>`;

describe.skipIf(libvirtdMissing !== null)("media", () => {
  let host: VmHost;
  /** What fails, of the calls that change a device: its number. */
  let fails = 0;
  let seen = 0;
  const image = (name: string) => join(host.daemon.folder, `images/${name}.iso`);
  const medium = async (name: string, ...more: string[]) => {
    const line = (await host.virsh("domblklist", name, "--details", ...more)).split("\n").find((text) => text.includes("cdrom"));
    return line?.trim().split(/\s+/).at(-1);
  };
  beforeAll(async () => {
    host = await startVmHost({
      between: (client) => ({
        openStream: client.openStream.bind(client),
        async call(name, args, options) {
          if (name === "domainUpdateDeviceFlags" && ++seen === fails)
            throw new LibvirtError("daemon", "as the test wants", { number: 1, procedure: name });
          return client.call(name, args, options);
        },
      }),
      table: (folder) => {
        mkdirSync(join(folder, "images"));
        for (const name of ["one", "two"]) writeFileSync(join(folder, `images/${name}.iso`), Buffer.alloc(64 * 1024));
        execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", join(folder, "images/gold.qcow2"), "40M"]);
        writeFileSync(join(folder, "images/plain.img"), Buffer.alloc(MiB));
        const images = ["one.iso", "two.iso", "gone.iso", "gold.qcow2", "plain.img"];
        return {
          storage: { default: { path: join(folder, "default"), description: "fast" }, lost: { path: join(folder, "lost") } },
          images: Object.fromEntries(images.map((file) => [file.split(".")[0]!, { path: join(folder, "images", file) }])),
        };
      },
    });
    for (const [name, uuid] of Object.entries(UUID)) {
      writeFileSync(join(host.daemon.folder, "domain.xml"), domainXml(name, uuid));
      await host.virsh("define", join(host.daemon.folder, "domain.xml"));
    }
    await host.virsh("start", "on");
  });
  afterAll(() => host?.stop());

  it("adds a drive where there is none: at once while the machine is off, else for the next start", async () => {
    expect(await host.done("iso.attach", { vm: UUID.off, image: "one" })).toMatchObject({
      changed: ["drive", "image"],
      needs_restart: false,
    });
    expect(await host.done("iso.attach", { vm: UUID.on, image: "one" })).toMatchObject({ needs_restart: true });
    expect([await medium("off"), await medium("on"), await medium("on", "--inactive")]).toEqual([image("one"), undefined, image("one")]);
    expect((await host.done("disk.list", { vm: UUID.off })).items).toMatchObject([
      { kind: "cdrom", name: "cdrom0", image: "one", read_only: true, bus: "sata" },
    ]);
    await host.virsh("destroy", "on");
    await host.virsh("start", "on");
    expect(await medium("on")).toBe(image("one"));
  });

  it("changes and takes out a medium while the machine runs", async () => {
    expect(await host.done("iso.attach", { vm: UUID.on, image: "two" })).toMatchObject({
      changes: [{ field: "image", from: "one", to: "two", needs_restart: false }],
    });
    expect([await medium("on"), await medium("on", "--inactive")]).toEqual([image("two"), image("two")]);
    expect((await host.done("iso.attach", { vm: UUID.on, image: "two" })).changes).toEqual([]);
    expect(await host.done("iso.eject", { vm: UUID.on }, { plan: true })).toMatchObject({ planned: true, changed: ["image"] });
    expect(await medium("on")).toBe(image("two"));
    await host.done("iso.eject", { vm: UUID.on });
    expect([await medium("on"), await medium("on", "--inactive")]).toEqual(["-", "-"]);
    expect((await host.done("iso.eject", { vm: UUID.on })).changes).toEqual([]);
    await host.done("iso.attach", { vm: UUID.on, image: "two" });
  });

  it("puts the old medium back when a step fails", async () => {
    for (fails = 1; fails <= 2; fails += 1) {
      seen = 0;
      expect(await host.run("iso.attach", { vm: UUID.on, image: "one" })).toMatchObject({ code: "HYPERVISOR_FAILED" });
      expect([await medium("on"), await medium("on", "--inactive")]).toEqual([image("two"), image("two")]);
    }
    fails = 0;
  });

  it("leaves a drive with something else in it alone", async () => {
    const seed =
      "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='/dev/null'/><target dev='sdc' bus='sata'/><readonly/></disk>";
    writeFileSync(join(host.daemon.folder, "domain.xml"), domainXml("seeded", "55555555-5555-4555-8555-555555555555", seed));
    await host.virsh("define", join(host.daemon.folder, "domain.xml"));
    await host.done("iso.attach", { vm: "55555555-5555-4555-8555-555555555555", image: "one" });
    const list = await host.virsh("domblklist", "seeded");
    expect(list).toContain("/dev/null");
    expect(list).toContain(image("one"));
    await host.done("iso.eject", { vm: "55555555-5555-4555-8555-555555555555" });
    expect(await host.virsh("domblklist", "seeded")).toMatch(/\/dev\/null/);
    await host.done("iso.eject", { vm: "55555555-5555-4555-8555-555555555555", drive: "dev-sdc" });
    expect(await host.virsh("domblklist", "seeded")).not.toMatch(/\/dev\/null/);
  });

  it("lists images as they are: image.list", async () => {
    const { items } = await host.done("image.list", {});
    expect(items.map(({ name, kind, format, size_bytes: size, available }) => [name, kind, format, size, available])).toEqual([
      ["one", "iso", "raw", 64 * 1024, true],
      ["two", "iso", "raw", 64 * 1024, true],
      ["gone", "iso", null, null, false],
      ["gold", "disk", "qcow2", 40 * MiB, true],
      ["plain", "disk", "raw", MiB, true],
    ]);
  });

  it("lists storage classes with what is free: storage.list", async () => {
    rmSync(join(host.daemon.folder, "lost"), { force: true });
    const { items } = await host.done("storage.list", {});
    const { bsize, blocks } = statfsSync(host.disks);
    expect(items).toMatchObject([
      { name: "default", description: "fast", formats: ["qcow2", "raw"], capacity_bytes: bsize * blocks, available: true },
      { name: "lost", capacity_bytes: null, available_bytes: null, available: false },
    ]);
    expect(items[0]!.available_bytes).toBeGreaterThan(0);
    expect(await host.run("disk.create", { name: "x", size_bytes: MiB, storage_class: "lost" })).toMatchObject({
      code: "STORAGE_UNAVAILABLE",
    });
  });

  it.each([
    ["iso.attach", { vm: UUID.off, image: "nope" }, "IMAGE_NOT_FOUND"],
    ["iso.attach", { vm: UUID.off, image: "gone" }, "STORAGE_UNAVAILABLE"],
    ["iso.attach", { vm: UUID.off, image: "one", drive: "dev-sdz" }, "DISK_NOT_FOUND"],
    ["iso.attach", { vm: UUID.off, image: "one", boot_once: true }, "HYPERVISOR_UNSUPPORTED"],
    ["iso.eject", { vm: "33333333-3333-4333-8333-333333333333" }, "VM_NOT_FOUND"],
  ] as const)("refuses %s of %j with %s", async (operation, spec, code) => {
    for (const plan of [true, false]) expect(await host.run(operation, spec, { plan })).toMatchObject({ status: "error", code });
  });
});
