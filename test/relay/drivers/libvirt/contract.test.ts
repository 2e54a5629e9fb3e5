// The contract suite of virtual machines on KVM: a real libvirtd and QEMU, whose machines stay in their firmware.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import type { ContractHost } from "../contract/contract.ts";
import { testHypervisor } from "../contract/suite.ts";
import { startVmHost } from "./host.ts";

/** Of this process alone: bridges are the whole machine's. */
const own = `fc${(process.pid % 100_000).toString(36)}`;
const BRIDGES = { lan: `${own}l`, dmz: `${own}d`, open: `${own}o` };
const makeImage = (path: string) => execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", path, "8M"]);

async function start(): Promise<ContractHost> {
  const host = await startVmHost({
    table: (folder) => {
      mkdirSync(join(folder, "outside"));
      makeImage(join(folder, "gold.qcow2"));
      return {
        networks: { lan: { network: "lan" }, dmz: { network: "dmz" }, open: { bridge: BRIDGES.open, openvswitch: true } },
        images: {
          gold: { path: join(folder, "gold.qcow2"), os_family: "linux", description: "a system" },
          installer: { path: join(folder, "empty.iso") },
        },
      };
    },
  });
  // A bridge of the kernel stands in for one of Open vSwitch: nothing is plugged into it here.
  for (const [name, bridge] of Object.entries(BRIDGES)) {
    const file = join(host.daemon.folder, `${name}.xml`);
    writeFileSync(file, `<network><name>${name}</name><bridge name='${bridge}'/></network>`);
    await host.virsh("net-create", file);
  }
  return {
    run: (operation, spec, options) => host.run(operation, spec, options),
    resources: () => host.driver.resources!()!,
    // libvirt refuses a second machine of a name.
    namesake: async () => null,
    async attachOutside(vm) {
      const path = join(host.daemon.folder, "outside", `${vm}.qcow2`);
      makeImage(path);
      await host.virsh("attach-disk", vm, path, "vdz", "--subdriver", "qcow2", "--config");
    },
    async stop() {
      const running = (await host.virsh("list", "--name")).split("\n").filter(Boolean);
      for (const name of running) await host.virsh("destroy", name);
      for (const name of Object.keys(BRIDGES)) await host.virsh("net-destroy", name).catch(() => undefined);
      await host.stop();
    },
  };
}

testHypervisor(start, { skip: libvirtdMissing !== null, timeoutMs: 120_000 });
