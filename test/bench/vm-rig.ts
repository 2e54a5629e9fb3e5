// What the bench of virtual machines measures on: a libvirtd of its own with the driver on it, machines in numbers, and virsh
// spawned for the same, which is what scripts do.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { HandlerResult, JobContext } from "../../relay/drivers/contract.ts";
import type { Operations } from "../../relay/drivers/libvirt/driver.ts";
import { LibvirtClient } from "../../relay/drivers/libvirt/rpc/client.ts";
import { resolveAddress } from "../../relay/drivers/libvirt/rpc/address.ts";
import { buildGuestDisk } from "../fixtures/guest-disk.ts";
import { qemuDomainXml } from "../relay/drivers/libvirt/real-clients.ts";
import { startVmHost, type VmHost } from "../relay/drivers/libvirt/host.ts";

export const MiB = 1024 * 1024;
/** A guest that is not waited for stays in its firmware: 64 MiB do. */
export const IDLE_BYTES = 64 * MiB;
export const GUEST_BYTES = 256 * MiB;

export interface VmRig {
  readonly host: VmHost;
  /** The driver's handler and nothing around it: no journal, no checks of the specification. */
  handle(operation: Operations, spec: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** A process for each call, as scripts have it. */
  virsh(...args: string[]): Promise<string>;
  qemuImg(...args: string[]): Promise<unknown>;
  /** Machines that are defined and off, until there are `total` on the host. */
  fill(total: number): Promise<void>;
  stop(): Promise<void>;
}

const run = promisify(execFile);

const context = (operation: Operations, spec: Record<string, unknown>): JobContext => ({
  request: {
    operation,
    resource_spec: spec,
    correlation_id: "bench",
    metadata: {
      job_id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
      host: "bench",
      requested_by: "key:bench",
      requested_at: new Date(0).toISOString(),
      timeout_ms: 600_000,
      attempt: 1,
      plan: false,
      debug: false,
    },
  },
  signal: new AbortController().signal,
  output: () => undefined,
  progress: () => undefined,
  log: () => undefined,
});

export async function startVmRig(): Promise<VmRig> {
  const image = buildGuestDisk();
  const host = await startVmHost({ table: () => ({ images: { guest: { path: image, os_family: "linux" } } }) });
  const client = new LibvirtClient({
    address: () => resolveAddress(host.daemon.uri),
    events: [],
    onEvent: () => undefined,
    onResync: () => undefined,
    onDown: () => undefined,
    onFault: (error) => {
      throw error;
    },
  });
  await client.start();
  const handlers = host.driver.handlers as unknown as Record<string, (spec: unknown, context: JobContext) => Promise<HandlerResult>>;
  return {
    host,
    async handle(operation, spec) {
      const result = await handlers[operation]!(spec, context(operation, spec));
      if (result.status !== "success") throw new Error(`${operation}: ${result.code} ${result.message}`);
      return result.data as Record<string, unknown>;
    },
    virsh: async (...args) => (await run("virsh", ["-q", "-c", host.daemon.uri, ...args], { maxBuffer: 64 * MiB })).stdout,
    qemuImg: (...args) => run("qemu-img", args),
    async fill(total) {
      const { domains } = await client.call("connectListAllDomains", { need: true, flags: 0 });
      const nic = "<interface type='user'><model type='virtio'/></interface>";
      for (let index = domains.length; index < total; index += 1)
        await client.call("domainDefineXmlFlags", { xml: qemuDomainXml(`many${index}`, nic), flags: 0 });
    },
    async stop() {
      client.stop();
      await host.stop();
    },
  };
}

/** relay.toml of a host with this libvirtd. */
export const relayToml = ({ host }: VmRig): string => `name = "bench"
[libvirt]
uri = ${JSON.stringify(host.daemon.uri)}
domain_type = "qemu"
[libvirt.storage.default]
path = ${JSON.stringify(host.disks)}
[libvirt.networks.nat]
user = true
[libvirt.images.guest]
path = ${JSON.stringify(buildGuestDisk())}
os_family = "linux"
`;

/** A specification that is whole: handlers get it after the defaults were put in. */
export const idleMachine = (name: string): Record<string, unknown> => ({
  name,
  cpus: 1,
  memory_bytes: IDLE_BYTES,
  firmware: "bios",
  storage_class: "default",
  disks: [{ size_bytes: 1024 * MiB }],
  nics: [{ network: "nat" }],
  start: true,
});

export const diskOf = ({ host }: VmRig, name: string): string => join(host.disks, name);
