// Disks and media as a guest sees them come, grow and go, on a real libvirtd.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeIso } from "../../../../relay/drivers/virtual/seed/iso.ts";
import type { LibvirtClient } from "../../../../relay/drivers/libvirt/rpc/client.ts";
import { buildGuest } from "../../../fixtures/guest.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { until } from "../../../fixtures/until.ts";
import { BOOT_MS, GuestConsole } from "./guest-console.ts";
import { startVmHost, type VmHost } from "./host.ts";
import { connectedClient } from "./real-clients.ts";

const MiB = 1024 * 1024;
const UUID = "66666666-6666-4666-8666-666666666666";

describe.skipIf(libvirtdMissing !== null)("disks in a guest", () => {
  let host: VmHost;
  let client: LibvirtClient;
  let guest: GuestConsole;
  const bytesOf = async (device: string) =>
    Number(
      /(\d+)\s*\n/.exec((await guest.shell(`cat /sys/block/${device}/size 2>/dev/null || echo 0`)).split("\n").slice(1).join("\n"))?.[1],
    ) * 512;
  const sees = (device: string, bytes: number) => until(`${device} of ${bytes}`, async () => (await bytesOf(device)) === bytes, BOOT_MS);
  beforeAll(async () => {
    const { kernel, initramfs } = buildGuest();
    host = await startVmHost({
      table: (folder) => {
        mkdirSync(join(folder, "images"));
        for (const name of ["one", "two"])
          writeFileSync(
            join(folder, `images/${name}.iso`),
            writeIso(name, [{ name: "word", bytes: Buffer.from(`word-${name}\n`) }], new Date(0)),
          );
        return { images: { one: { path: join(folder, "images/one.iso") }, two: { path: join(folder, "images/two.iso") } } };
      },
    });
    ({ client } = await connectedClient(host.daemon.uri));
    const xml = `<domain type='qemu'><name>guest</name><uuid>${UUID}</uuid><memory unit='MiB'>256</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type><kernel>${kernel}</kernel><initrd>${initramfs}</initrd>
<cmdline>console=ttyS0 quiet mitigations=off nokaslr audit=0</cmdline></os><features><acpi/></features>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<controller type='pci' model='pcie-root'/>${"<controller type='pci' model='pcie-root-port'/>".repeat(8)}
<controller type='scsi' index='0' model='virtio-scsi'/>
<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><target dev='sda' bus='scsi'/><readonly/></disk>
<serial type='pty'/><console type='pty'/></devices></domain>`;
    writeFileSync(join(host.daemon.folder, "domain.xml"), xml);
    await host.virsh("define", join(host.daemon.folder, "domain.xml"));
    guest = new GuestConsole(client, UUID);
  }, BOOT_MS);
  afterAll(async () => {
    guest?.close();
    client?.stop();
    await host?.stop();
  });

  it(
    "refuses to take a disk from a guest that does not let it go, and changes nothing",
    async () => {
      const { id } = await host.done("disk.create", { vm: UUID, size_bytes: 8 * MiB, name: "root" });
      // Paused before its first instruction: nobody answers.
      await host.virsh("start", "guest", "--paused");
      const before = await host.virsh("dumpxml", "guest", "--inactive");
      const cancel = new AbortController();
      const result = await host.run("disk.detach", { vm: UUID, disk: id }, { signal: cancel.signal, progress: () => cancel.abort() });
      expect(result).toMatchObject({ status: "error", code: "JOB_CANCELLED" });
      expect(await host.run("disk.detach", { vm: UUID, disk: id })).toMatchObject({ status: "error", code: "VM_BUSY" });
      expect(await host.virsh("dumpxml", "guest", "--inactive")).toBe(before);
      expect(await host.virsh("domblklist", "guest")).toContain("guest-root.qcow2");
      await host.virsh("destroy", "guest");
    },
    BOOT_MS,
  );

  it(
    "brings disks, lets them grow and takes them, all while the guest runs",
    async () => {
      await guest.boot();
      await sees("vda", 8 * MiB);
      const { id } = await host.done("disk.create", { vm: UUID, size_bytes: 16 * MiB, name: "data" });
      await sees("vdb", 16 * MiB);
      expect(await guest.shell("cat /sys/block/vdb/serial")).toContain(id.slice("disk-".length));
      await guest.shell("echo kept-on-disk > /dev/vdb; sync");
      await host.done("disk.resize", { vm: UUID, disk: id, size_bytes: 32 * MiB });
      await sees("vdb", 32 * MiB);
      expect(await host.done("disk.detach", { vm: UUID, disk: id })).toMatchObject({ needs_restart: false });
      await sees("vdb", 0);
      await host.done("disk.attach", { vm: UUID, disk: id, bus: "scsi", read_only: true });
      await until("it again", async () => (await guest.shell("head -c 12 /dev/sda")).includes("kept-on-disk"), BOOT_MS);
      await host.done("disk.delete", { vm: UUID, disk: id });
      await sees("sda", 0);
      expect(await host.virsh("domblklist", "guest")).not.toContain("data");
    },
    BOOT_MS * 2,
  );

  it(
    "changes a medium that the guest reads; one that it holds is taken by force alone",
    async () => {
      const word = async () => guest.shell("mount -t iso9660 -o ro /dev/sr0 /mnt && cat /mnt/word");
      await host.done("iso.attach", { vm: UUID, image: "one" });
      await until("the medium", async () => (await word()).includes("word-one"), BOOT_MS);
      const held = await host.run("iso.eject", { vm: UUID });
      expect(held).toMatchObject({ status: "error", code: "VM_BUSY" });
      expect(await host.virsh("domblklist", "guest")).toContain("one.iso");
      await host.done("iso.eject", { vm: UUID, force: true });
      await guest.shell("umount /mnt");
      await host.done("iso.attach", { vm: UUID, image: "two" });
      await until("the other medium", async () => (await word()).includes("word-two"), BOOT_MS);
    },
    BOOT_MS,
  );
});
