// A Hyper-V host for the fake of the routes of virtual machines (fake-vm-api.ts): what it declares, and its machines as its agent
// would tell them.
import { CHOICES, UNSUPPORTED } from "../../relay/drivers/hyperv/unsupported.ts";
import { IDS, snapshot, stats, vm, VIRTUAL } from "./fake-vms.ts";

const GIB = 1024 ** 3;

/** What differs is what the driver itself says. */
export const HYPERV = {
  ...VIRTUAL,
  hypervisor: "hyperv",
  networks: VIRTUAL.networks.map((network) => ({ ...network, vlan_supported: true })),
  unsupported: [...UNSUPPORTED],
  choices: [...CHOICES],
};

type Fields = Record<string, unknown>;

/** `old` is of generation 1. */
function hypervVm(id: string, name: string, state: string) {
  const told = vm(id, name, state);
  const isOld = name === "old";
  const disks = told.disks.map((disk) => ({
    ...disk,
    format: disk.format && "vhdx",
    bus: isOld ? "ide" : "scsi",
    cache: "default",
    discard: true,
  }));
  return {
    ...told,
    memory_buffer_percent: 20,
    firmware: isOld ? "bios" : "uefi",
    secure_boot: !isOld,
    secure_boot_template: isOld ? null : "microsoft-uefi-ca",
    tpm: !isOld,
    needs_restart: false,
    pending: [],
    autostart_condition: "if-running",
    autostart_delay_ms: 30_000,
    stop_action: "save",
    memory_max_bytes: 8 * GIB,
    disks,
    nics: told.nics.map((nic) => ({ ...nic, mac: "00:15:5d:0a:00:01", model: isOld ? "legacy" : "paravirtual" })),
  };
}

export const hypervMachines = {
  virtual: HYPERV as Fields,
  vm: hypervVm,
  snapshots: [snapshot("fresh", null, false), snapshot("before-upgrade", "fresh", true)].map((one) => ({ ...one, kind: "external" })),
  stats: (turn: number): object => ({ ...stats(turn), id: IDS.web }),
};
