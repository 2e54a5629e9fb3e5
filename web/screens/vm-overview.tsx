// A virtual machine at a glance: power, what it shows and does now, what it is, its notes; renaming and deleting it.
import { useMe } from "../api/session.ts";
import { hasOf, type Has } from "../forms/vm-draft.ts";
import { Badge } from "../parts/badge.tsx";
import { Facts, type Fact } from "../parts/facts.tsx";
import { countOf, sizeOf } from "../parts/format.ts";
import { Time } from "../parts/time.tsx";
import { pathTo } from "../routes.ts";
import { mayAsk, virtualOf, type Vm } from "../vm/contract.ts";
import { PowerButtons } from "../vm/power.tsx";
import { Preview } from "../vm/preview.tsx";
import { VmFigures } from "../vm/stats.tsx";
import { useChange } from "../vm/use-change.ts";
import { WorkLine } from "../vm/work.tsx";
import type { VmTabProps } from "./vm.tsx";
import { Notes } from "./vm-notes.tsx";
import { Rename, Delete } from "./vm-leave.tsx";

function memoryOf(vm: Vm, has: Has): string {
  const bounds = [vm.memory_min_bytes, vm.memory_max_bytes].map((bytes) => (bytes === null ? null : sizeOf(bytes)));
  if (bounds.every((bound) => bound === null)) return sizeOf(vm.memory_bytes);
  const reserve = has("memory_buffer_percent") && vm.memory_buffer_percent !== null ? `, ${vm.memory_buffer_percent} % in reserve` : "";
  return `${sizeOf(vm.memory_bytes)}, ${bounds.map((bound) => bound ?? "…").join(" to ")}${reserve}`;
}

const FIRMWARE = { uefi: "UEFI", bios: "BIOS" } as const;
const KEYS: Readonly<Record<string, string>> = {
  "microsoft-windows": "Microsoft's keys for Windows",
  "microsoft-uefi-ca": "Microsoft's keys for others",
  "open-source-shielded-vm": "keys for shielded machines",
};
const STOPS: Readonly<Record<string, string>> = { shutdown: "shut down", save: "saved", "turn-off": "turned off" };

/** What the hypervisor has no place for is not said. */
function withHost(vm: Vm, has: Has): string {
  if (!vm.autostart) return "stays off";
  const words = [
    "starts",
    has("autostart_condition") && vm.autostart_condition === "if-running" ? "if it ran before" : "",
    has("autostart_delay_ms") && vm.autostart_delay_ms > 0 ? `after ${vm.autostart_delay_ms / 1_000} s` : "",
  ];
  return words.filter(Boolean).join(", ");
}

const SYSTEMS = { linux: "Linux", windows: "Windows", other: "other" } as const;

function factsOf({ host, vm }: VmTabProps): Fact[] {
  const virtual = virtualOf(host);
  const has: Has = virtual ? hasOf(virtual, "vm.update") : () => false;
  const keys = vm.secure_boot && has("secure_boot_template") ? (KEYS[vm.secure_boot_template ?? ""] ?? "") : "";
  const extras = [FIRMWARE[vm.firmware], vm.secure_boot ? "secure boot" : "", keys, vm.tpm ? "TPM" : "", vm.nested ? "nested" : ""];
  const total = vm.disks.reduce((sum, disk) => sum + (disk.size_bytes ?? 0), 0);
  return [
    [
      "Host",
      <a key="host" href={pathTo("host", { host: host.name })}>
        {host.name}
      </a>,
    ],
    [
      "Addresses",
      vm.addresses.length === 0
        ? null
        : vm.addresses.map((address) => (
            <code key={address} class="block">
              {address}
            </code>
          )),
    ],
    ["Processors", String(vm.cpus)],
    ["Memory", memoryOf(vm, has)],
    ["Disks", `${countOf(vm.disks.filter(({ kind }) => kind === "disk").length, "disk")}, ${sizeOf(total)}`],
    ["Firmware", extras.filter(Boolean).join(", ")],
    ["System", vm.os_family === null ? null : SYSTEMS[vm.os_family]],
    ["With the host", withHost(vm, has)],
    ["When it stops", has("stop_action") ? `the machine is ${STOPS[vm.stop_action] ?? vm.stop_action}` : null],
    [
      "Tags",
      vm.tags.length === 0
        ? null
        : vm.tags.map((tag) => (
            <span key={tag} class="tag">
              {tag}
            </span>
          )),
    ],
    ["Made", vm.created_at === null ? null : <Time at={vm.created_at} />],
    ["Id", <code key="id">{vm.id}</code>],
  ];
}

export function VmOverview(props: VmTabProps) {
  const { host, vm, reload } = props;
  const me = useMe();
  const change = useChange(reload);
  return (
    <>
      <PowerButtons hostName={host.name} host={host} vm={vm} change={change} />
      <WorkLine change={change} />
      {vm.needs_restart && (
        <p class="vm-pending">
          <Badge tone="warn">needs a restart</Badge>{" "}
          {vm.pending.length > 0 ? `waiting: ${vm.pending.join(", ")}` : "its settings differ from what runs"}
        </p>
      )}
      {vm.state === "running" && mayAsk(me, host, "vm.screenshot") && <Preview host={host} vm={vm} />}
      {vm.state === "running" && mayAsk(me, host, "vm.stats") && <VmFigures host={host} vm={vm} />}
      <div class="columns">
        <section class="card">
          <h2>About</h2>
          <Facts of={factsOf(props)} />
        </section>
        <Notes {...props} />
      </div>
      <div class="quiet">
        {mayAsk(me, host, "vm.rename") && <Rename {...props} />}
        {mayAsk(me, host, "vm.delete") && <Delete {...props} />}
      </div>
    </>
  );
}
