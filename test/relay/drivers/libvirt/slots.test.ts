// Places for devices that are plugged: by kind of bus, and as a real libvirt sees it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasFreeSlot } from "../../../../relay/drivers/libvirt/domain/slots.ts";
import { parseXml } from "../../../../relay/drivers/libvirt/xml/parse.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { startVmHost, type VmHost } from "./host.ts";

const bus = (index: number, model: string) => `<controller type='pci' index='${index}' model='${model}'/>`;
const at = (index: number, slot: number, inner = "") =>
  `<disk>${inner}<address type='pci' domain='0x0000' bus='0x${index.toString(16)}' slot='0x${slot.toString(16)}' function='0x0'/></disk>`;
const of = (...devices: string[]) => {
  const { root } = parseXml(`<domain><devices>${devices.join("")}</devices></domain>`);
  return { express: hasFreeSlot(root, true), conventional: hasFreeSlot(root, false) };
};
const slots = (index: number, count: number) => Array.from({ length: count }, (_, slot) => at(index, slot + 1));

describe("a free slot", () => {
  it("is a port without a device, and a slot of a conventional bus", () => {
    const q35 = [bus(0, "pcie-root"), bus(1, "pcie-root-port")];
    expect(of(...q35)).toEqual({ express: true, conventional: false });
    expect(of(...q35, at(1, 0))).toEqual({ express: false, conventional: false });
    expect(of(...q35, at(1, 0), bus(2, "pcie-to-pci-bridge"))).toEqual({ express: false, conventional: true });
    expect(of(bus(0, "pci-root"), ...slots(0, 30))).toEqual({ express: true, conventional: true });
    expect(of(bus(0, "pci-root"), ...slots(0, 31))).toEqual({ express: false, conventional: false });
    expect(of()).toEqual({ express: false, conventional: false });
  });

  it("is not taken by another function of a device, nor by an address of the host", () => {
    expect(of(bus(0, "pci-root"), ...slots(0, 30), at(0, 1), at(0, 2)).express).toBe(true);
    const source = "<source><address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source>";
    expect(of(bus(0, "pcie-root"), bus(1, "pcie-root-port"), at(0, 3, source)).express).toBe(true);
  });
});

describe.skipIf(libvirtdMissing !== null)("what is said of slots", { timeout: 60_000 }, () => {
  let host: VmHost;
  beforeAll(async () => {
    host = await startVmHost();
  }, 60_000);
  afterAll(() => host?.stop());

  const ports = "<controller type='pci' model='pcie-root'/><controller type='pci' model='pcie-root-port'/>";
  it.each([
    ["pc", "", 30],
    ["q35", `${ports}<controller type='pci' model='pcie-to-pci-bridge'/>`, 0],
    ["q35", `${ports}<controller type='pci' model='pcie-root-port'/>`, 2],
  ])("is what a running %s takes, however its buses are", async (machine, controllers, places) => {
    const file = join(host.daemon.folder, "slots.xml");
    writeFileSync(
      file,
      `<domain type='qemu'><name>slots</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='${machine}'>hvm</type></os>
<features><acpi/></features><devices><emulator>/usr/bin/qemu-system-x86_64</emulator>${controllers}
<controller type='usb' model='none'/><memballoon model='none'/></devices></domain>`,
    );
    await host.virsh("create", file);
    const plug = (index: number) => {
      const path = join(host.disks, `slot${index}.img`);
      writeFileSync(path, Buffer.alloc(512));
      const target = index < 26 ? `vd${String.fromCodePoint(97 + index)}` : `vda${String.fromCodePoint(71 + index)}`;
      const disk = `<disk type='file' device='disk'><source file='${path}'/><target dev='${target}' bus='virtio'/></disk>`;
      writeFileSync(file, disk);
      return host.virsh("attach-device", "slots", file, "--live");
    };
    const isFree = async () => hasFreeSlot(parseXml(await host.virsh("dumpxml", "slots")).root, true);
    let plugged = 0;
    for (; await isFree(); plugged += 1) await plug(plugged);
    expect(plugged).toBe(places);
    await expect(plug(plugged)).rejects.toThrow("No more available PCI slots");
    await host.virsh("destroy", "slots");
  });
});
