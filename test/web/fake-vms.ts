// The virtual machines of the fake of their routes (fake-vm-api.ts): what the host declares, and what it would tell of each.

const GIB = 1024 ** 3;
export const IDS = {
  web: "0b7c2f7e-3a55-4c0e-9d1a-0a4d2f8c1b01",
  db: "0b7c2f7e-3a55-4c0e-9d1a-0a4d2f8c1b02",
  old: "0b7c2f7e-3a55-4c0e-9d1a-0a4d2f8c1b03",
} as const;

export const VIRTUAL = {
  hypervisor: "libvirt",
  storage: [
    { name: "default", description: "on the NVMe" },
    { name: "slow", description: "" },
  ],
  networks: [
    { name: "lan", description: "the house's network", vlan: null, vlan_supported: true },
    { name: "nat", description: "", vlan: null, vlan_supported: false },
  ],
  images: [
    { name: "debian-12", description: "Debian 12, cloud", kind: "disk", os_family: "linux" },
    { name: "netinst", description: "", kind: "iso", os_family: "linux" },
  ],
  unsupported: ["memory_buffer_percent", "autostart_condition", "autostart_delay_ms"],
  choices: [] as object[],
};

export const summary = (id: string, name: string, state: string) => ({
  id,
  name,
  state,
  description: name === "web" ? "Serves the shop.\nAsk Ada before you stop it." : "",
  tags: name === "web" ? ["shop", "production"] : [],
  cpus: 2,
  memory_bytes: 4 * GIB,
  os_family: "linux",
  addresses: state === "running" ? ["192.168.7.21", "fd00::21"] : [],
  autostart: true,
  deletion_protection: name === "db",
  needs_restart: name === "web",
});

const disk = (name: string, extra: object = {}) => ({
  id: `d-${name}`,
  name,
  vm: IDS.web,
  kind: "disk",
  size_bytes: 20 * GIB,
  allocated_bytes: 3.2 * GIB,
  format: "qcow2",
  storage_class: "default",
  image: null,
  bus: "virtio",
  boot_index: 1,
  cache: "default",
  discard: true,
  iops_max: 0,
  bytes_per_second_max: 0,
  read_only: false,
  ...extra,
});

export const vm = (id: string, name: string, state: string) => ({
  ...summary(id, name, state),
  cpu_topology: null,
  memory_min_bytes: 2 * GIB,
  memory_max_bytes: 8 * GIB,
  memory_buffer_percent: null,
  memory_assigned_bytes: state === "running" ? 4 * GIB : null,
  firmware: "uefi",
  secure_boot: true,
  secure_boot_template: null,
  tpm: true,
  nested: false,
  storage_class: "default",
  autostart_condition: "always",
  autostart_delay_ms: 0,
  stop_action: "shutdown",
  boot_order: ["disk0"],
  disks: [
    disk("disk0"),
    disk("outside", { boot_index: null, storage_class: null }),
    disk("cdrom", { kind: "cdrom", size_bytes: null, allocated_bytes: null, format: null, boot_index: null, bus: "sata" }),
  ],
  nics: [
    {
      id: "n-nic0",
      name: "nic0",
      network: "lan",
      mac: "52:54:00:12:34:56",
      model: "paravirtual",
      vlan: 12,
      vlan_trunk: null,
      mac_spoofing_guard: true,
      dhcp_guard: true,
      router_guard: false,
      bandwidth_min_bps: 0,
      bandwidth_max_bps: 100_000_000,
      connected: true,
      addresses: ["192.168.7.21"],
      boot_index: null,
    },
  ],
  created_at: "2026-01-05T10:00:00Z",
  pending: name === "web" ? ["cpus"] : [],
});

export const snapshot = (name: string, parent: string | null, current: boolean) => ({
  name,
  parent,
  current,
  state: current ? "running" : "off",
  memory: current,
  kind: "internal",
  description: name === "fresh" ? "just installed" : "",
  size_bytes: current ? 0.5 * GIB : null,
  created_at: "2026-01-05T10:00:00Z",
});

export const stats = (turn: number) => ({
  id: IDS.web,
  state: "running",
  sampled_ms: turn === 0 ? 0 : 2_000,
  cpu_percent: 20 + 15 * Math.sin(turn),
  cpu_time_ms: turn * 400,
  memory_assigned_bytes: 4 * GIB,
  memory_used_bytes: 1.4 * GIB,
  disks: ["d-disk0", "d-outside"].map((id) => ({
    id,
    read_bytes: 1,
    written_bytes: 1,
    read_bps: 40_000,
    write_bps: 600_000,
    read_iops: 3,
    write_iops: 9,
  })),
  nics: [{ id: "n-nic0", received_bytes: 1, sent_bytes: 1, receive_bps: 52_000, send_bps: 7_000 }],
});
