// Clients of a real libvirtd for tests, and the domains that they run.
import type { GuestFiles } from "../../../fixtures/guest.ts";
import { startLibvirtd, type Libvirtd } from "../../../fixtures/libvirtd.ts";
import { resolveAddress } from "../../../../relay/drivers/libvirt/rpc/address.ts";
import { LibvirtClient } from "../../../../relay/drivers/libvirt/rpc/client.ts";
import type { LibvirtError } from "../../../../relay/drivers/libvirt/rpc/errors.ts";
import { EVENTS, type EventName, type LibvirtEvent } from "../../../../relay/drivers/libvirt/rpc/procedures/events.ts";

export interface Seen {
  readonly events: LibvirtEvent[];
  readonly downs: LibvirtError[];
  resyncs: number;
}

export async function connectedClient(uri: string): Promise<{ client: LibvirtClient; seen: Seen }> {
  const seen: Seen = { events: [], downs: [], resyncs: 0 };
  const client = new LibvirtClient({
    address: () => resolveAddress(uri),
    events: Object.keys(EVENTS) as EventName[],
    onEvent: (event) => seen.events.push(event),
    onResync: () => (seen.resyncs += 1),
    onDown: (error) => seen.downs.push(error),
    onFault: (error) => {
      throw error;
    },
  });
  await client.start();
  return { client, seen };
}

export interface ConnectedDaemon {
  readonly daemon: Libvirtd;
  readonly client: LibvirtClient;
  readonly seen: Seen;
  stop(): Promise<void>;
}

/** A daemon of the test's own, and a client of it. */
export async function connectedDaemon(): Promise<ConnectedDaemon> {
  const daemon = await startLibvirtd();
  try {
    const { client, seen } = await connectedClient(daemon.uri);
    const stop = async () => {
      client.stop();
      await daemon.stop();
    };
    return { daemon, client, seen, stop };
  } catch (error) {
    await daemon.stop();
    throw error;
  }
}

/** A domain without a disk that stays in its firmware, which writes to the serial port. */
export function qemuDomainXml(name: string, devices = ""): string {
  return `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type><bios useserial='yes'/></os><features><acpi/></features>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>${devices}
<serial type='pty'><target port='0'/></serial><console type='pty'><target type='serial' port='0'/></console>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<video><model type='vga' vram='16384'/></video></devices></domain>`;
}

/** The guest of test/fixtures with a disk `a.qcow2` and a seed `seed.iso` of that folder. */
export function guestDomainXml(name: string, guest: GuestFiles, disks: string): string {
  return `<domain type='qemu'><name>${name}</name><memory unit='MiB'>256</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type><kernel>${guest.kernel}</kernel><initrd>${guest.initramfs}</initrd>
<cmdline>console=ttyS0 quiet mitigations=off nokaslr audit=0</cmdline></os><features><acpi/></features>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${disks}/a.qcow2'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='${disks}/seed.iso'/><target dev='sda' bus='scsi'/><readonly/></disk><controller type='scsi' model='virtio-scsi'/>
<serial type='pty'><target port='0'/></serial><console type='pty'><target type='serial' port='0'/></console>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<video><model type='vga' vram='16384'/></video><rng model='virtio'><backend model='random'>/dev/urandom</backend></rng></devices></domain>`;
}
