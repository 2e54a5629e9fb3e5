// A guest that runs and obeys its agent: commands in it are the oracle of what reached it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildGuest } from "../../../fixtures/guest.ts";
import { until } from "../../../fixtures/until.ts";
import type { VmHost } from "./host.ts";

/** Software emulation on a loaded machine: a boot takes five seconds when idle. */
export const BOOT_MS = 180_000;

export interface AgentGuest {
  readonly vm: string;
  /** What a line of its shell writes. */
  shell(line: string): Promise<string>;
}

/** Starts it; `devices` beside a screen, six free slots and its agent. */
export async function startAgentGuest(host: VmHost, vm: string, devices = ""): Promise<AgentGuest> {
  const { kernel, initramfs } = buildGuest();
  const file = join(host.daemon.folder, `${vm}.xml`);
  writeFileSync(
    file,
    `<domain type='qemu'><name>guest-${vm.slice(-4)}</name><uuid>${vm}</uuid><memory unit='MiB'>192</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type><kernel>${kernel}</kernel><initrd>${initramfs}</initrd>
<cmdline>console=ttyS0 quiet mitigations=off nokaslr audit=0</cmdline></os><features><acpi/></features>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><controller type='pci' model='pcie-root'/>
${"<controller type='pci' model='pcie-root-port'/>".repeat(6)}${devices}
<serial type='pty'><target port='0'/></serial><console type='pty'><target type='serial' port='0'/></console>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<video><model type='vga' vram='16384'/></video></devices></domain>`,
  );
  await host.virsh("define", file);
  await host.virsh("start", vm);
  const agent = async (execute: string, args: object = {}) =>
    JSON.parse(await host.virsh("qemu-agent-command", vm, JSON.stringify({ execute, arguments: args }))).return;
  const ping = () =>
    agent("guest-ping").then(
      () => true,
      () => false,
    );
  await until("the agent", ping, BOOT_MS);
  return {
    vm,
    async shell(line) {
      const { pid } = await agent("guest-exec", { path: "/bin/sh", arg: ["-c", line], "capture-output": true });
      const status = await until(line, async () => {
        const now = await agent("guest-exec-status", { pid });
        return now.exited ? now : false;
      });
      return Buffer.from(status["out-data"] ?? "", "base64").toString("latin1");
    },
  };
}
