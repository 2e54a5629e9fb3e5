// What a host's agent could answer, for tests: machines, disks, adapters, resources.
import type { DataOf, VmData } from "../../../../relay/drivers/hyperv/session.ts";
import type { FakeAnswer } from "./fake-agent.ts";

export const VM = "11111111-2222-4333-8444-555555555555";
const GiB = 1024 ** 3;

type Disk = VmData["disks"][number];
type Nic = VmData["nics"][number];

export const disk = (more: Partial<Disk> = {}): Disk => ({
  id: "disk-0011223344556677",
  name: "disk0",
  vm: VM,
  kind: "disk",
  size_bytes: 10 * GiB,
  allocated_bytes: GiB,
  format: "vhdx",
  storage_class: "default",
  image: null,
  bus: "scsi",
  boot_index: 1,
  cache: "default",
  discard: true,
  iops_max: 0,
  bytes_per_second_max: 0,
  read_only: false,
  ...more,
});

export const nic = (more: Partial<Nic> = {}): Nic => ({
  id: "nic-abc",
  name: "nic0",
  network: "lan",
  mac: "00:15:5d:00:00:01",
  model: "paravirtual",
  vlan: null,
  vlan_trunk: null,
  mac_spoofing_guard: true,
  dhcp_guard: false,
  router_guard: false,
  bandwidth_min_bps: 0,
  bandwidth_max_bps: 0,
  connected: true,
  addresses: [],
  boot_index: null,
  ...more,
});

export const vm = (more: Partial<VmData> = {}): VmData => ({
  id: VM,
  name: "web",
  state: "off",
  description: "",
  tags: [],
  cpus: 2,
  memory_bytes: 2 * GiB,
  os_family: "linux",
  addresses: [],
  autostart: false,
  deletion_protection: false,
  needs_restart: false,
  cpu_topology: null,
  memory_min_bytes: null,
  memory_max_bytes: null,
  memory_buffer_percent: null,
  memory_assigned_bytes: null,
  firmware: "uefi",
  secure_boot: false,
  secure_boot_template: null,
  tpm: false,
  nested: false,
  storage_class: "default",
  autostart_condition: "always",
  autostart_delay_ms: 0,
  stop_action: "shutdown",
  boot_order: ["disk0"],
  disks: [disk()],
  nics: [nic()],
  created_at: "2026-11-21T00:00:00Z",
  pending: [],
  ...more,
});

export const summary = (more: Partial<VmData> = {}): DataOf<"vm.list">["items"][number] => {
  const { id, name, state, description, tags, cpus, memory_bytes, os_family, addresses, autostart, deletion_protection, needs_restart } =
    vm(more);
  return { id, name, state, description, tags, cpus, memory_bytes, os_family, addresses, autostart, deletion_protection, needs_restart };
};

const network = { description: "", kind: "switch", vlan: null, vlan_supported: true, addressing: null, available: true };
const image = { os_family: null, description: "", available: true };
const storage = { description: "", formats: ["vhdx"], capacity_bytes: 100 * GiB, available_bytes: 50 * GiB, available: true };

/** Answers to the questions of a plan: nothing is there but what the table declares. */
export const RESOURCES = {
  "vm.list": { data: { items: [] } },
  "image.list": {
    data: {
      items: [
        { ...image, name: "debian", kind: "disk", format: "vhdx", size_bytes: 3 * GiB },
        { ...image, name: "installer", kind: "iso", format: "iso", size_bytes: GiB },
      ],
    },
  },
  "network.list": {
    data: {
      items: [
        { ...network, name: "lan" },
        { ...network, name: "dmz", vlan: 30 },
      ],
    },
  },
  "storage.list": {
    data: {
      items: [
        { ...storage, name: "default" },
        { ...storage, name: "second" },
      ],
    },
  },
  "snapshot.list": { data: { items: [] } },
  "hyperv.host": { data: { processors: 16, memory_bytes: 64 * GiB, macs: ["00:15:5d:00:00:01"] } },
  "disk.use": { data: { users: [], children: 0 } },
} satisfies Record<string, FakeAnswer>;

export const changed = (id: string, more: object = {}): FakeAnswer => ({
  data: { id, planned: false, changed: [], changes: [], not_changed: [], needs_restart: false, ...more },
});
export const refused = (code: string, message = "no", pointer?: string): FakeAnswer => ({
  code,
  message,
  ...(pointer === undefined ? {} : { data: { errors: [{ pointer, message }] } }),
});
