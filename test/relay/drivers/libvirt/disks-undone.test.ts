// Changes of disks that fail at any of their steps: the machine and the storage are as before, on a real libvirtd.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LibvirtError } from "../../../../relay/drivers/libvirt/rpc/errors.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { startVmHost, type VmHost } from "./host.ts";

const MiB = 1024 * 1024;
const UUID = "22222222-2222-4222-8222-222222222222";
const CHANGING =
  /^(domain(Attach|Detach|Update)Device|domainDefine|domainSet|domainBlockResize|storageVol(Create|Delete|Resize)|storagePool(Create|Destroy|Define))/;
const XML = `<domain type='qemu'><name>vm</name><uuid>${UUID}</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<controller type='pci' model='pcie-root'/>${"<controller type='pci' model='pcie-root-port'/>".repeat(8)}
<controller type='scsi' index='0' model='virtio-scsi'/></devices></domain>`;

type Operation = Parameters<VmHost["run"]>[0];

describe.skipIf(libvirtdMissing !== null)("changes of disks that fail", () => {
  let host: VmHost;
  let plan: { readonly nth: number; readonly how: "refused" | "lost"; readonly seen: string[] } | null = null;
  const state = async () =>
    [
      await host.traces(),
      await host.virsh("dumpxml", "vm"),
      await host.virsh("dumpxml", "vm", "--inactive"),
      await host.virsh("domblklist", "vm"),
    ].join("\n");
  beforeAll(async () => {
    host = await startVmHost({
      between: (client) => ({
        openStream: client.openStream.bind(client),
        async call(name, args, options) {
          const now = plan;
          const isMeant = now !== null && CHANGING.test(name) && now.seen.push(name) === now.nth;
          if (isMeant && now.how === "refused") throw new LibvirtError("daemon", "as the test wants", { number: 38, procedure: name });
          const result = await client.call(name, args, options);
          if (isMeant) throw new LibvirtError("disconnected", "as the test wants", { procedure: name, sent: true });
          return result;
        },
      }),
    });
    writeFileSync(join(host.daemon.folder, "domain.xml"), XML);
    await host.virsh("define", join(host.daemon.folder, "domain.xml"));
    await host.virsh("start", "vm");
    await host.done("disk.create", { vm: UUID, size_bytes: 8 * MiB, name: "there", bus: "scsi" });
    await host.done("disk.create", { size_bytes: 8 * MiB, name: "loose" });
  });
  afterAll(() => host?.stop());

  /** What is put back stands in another place of the XML, and has another of libvirt's running numbers; all else is the same. */
  const sorted = (text: string) =>
    text
      .replaceAll(/ index='\d+'\/>/g, "/>")
      .split("\n")
      .toSorted()
      .join("\n");

  const cases: [Operation, Record<string, unknown>, disk: "there" | "loose" | null, steps: number][] = [
    ["disk.create", { vm: UUID, size_bytes: MiB, bus: "scsi" }, null, 3],
    ["disk.clone", { name: "copy", mode: "linked" }, "loose", 1],
    ["disk.attach", { vm: UUID, bus: "scsi" }, "loose", 2],
    ["disk.detach", { vm: UUID }, "there", 2],
    ["disk.update", { vm: UUID, cache: "none", iops_max: 50, size_bytes: 16 * MiB }, "there", 3],
    ["disk.delete", { vm: UUID }, "there", 3],
  ];

  const idOf = async (disk: "there" | "loose") => {
    const { items } = await host.done("disk.list", disk === "there" ? { vm: UUID } : { storage_class: "default" });
    return items.find(({ name }) => name === disk || name === `${disk}.qcow2`)!.id;
  };

  for (const how of ["refused", "lost"] as const)
    it.each(cases)(`%s is done or as if it had never been when one of its steps is ${how}`, async (operation, more, disk, steps) => {
      // What runs on SCSI: a virtio disk is given back by a guest only.
      const spec = { ...more, ...(disk ? { disk: await idOf(disk) } : {}) };
      const before = sorted(await state());
      for (let nth = 1; nth <= steps; nth += 1) {
        plan = { nth, how, seen: [] };
        const result = await host.run(operation, spec);
        const { seen } = plan;
        plan = null;
        if (how === "lost" && seen[nth - 1] === "storageVolDelete") return expect(result).toMatchObject({ status: "success" });
        if (how === "lost" && seen[nth - 1] === "domainAttachDeviceFlags") {
          expect(result).toMatchObject({ status: "success" });
          await host.done(operation === "disk.attach" ? "disk.detach" : "disk.delete", {
            vm: UUID,
            disk: (result.data as { id: string }).id,
          });
          continue;
        }
        expect([seen[nth - 1], result.status, result.message]).toEqual([
          expect.any(String),
          "error",
          expect.not.stringContaining("Left behind"),
        ]);
        // A disk that has grown stays so.
        if (how === "lost" && seen[nth - 1] === "domainBlockResize") return expect(result.code).toBe("HYPERVISOR_TIMEOUT");
        expect(sorted(await state())).toBe(before);
      }
    });
});
