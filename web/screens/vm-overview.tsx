// A virtual machine at a glance: power, what it shows and does now, what it is, its notes; renaming and deleting it.
import { useMe } from "../api/session.ts";
import { Badge } from "../parts/badge.tsx";
import { Facts, type Fact } from "../parts/facts.tsx";
import { countOf, sizeOf } from "../parts/format.ts";
import { Time } from "../parts/time.tsx";
import { pathTo } from "../routes.ts";
import { mayAsk, type Vm } from "../vm/contract.ts";
import { PowerButtons } from "../vm/power.tsx";
import { Preview } from "../vm/preview.tsx";
import { VmFigures } from "../vm/stats.tsx";
import { useChange } from "../vm/use-change.ts";
import { WorkLine } from "../vm/work.tsx";
import type { VmTabProps } from "./vm.tsx";
import { Notes } from "./vm-notes.tsx";
import { Rename, Delete } from "./vm-leave.tsx";

function memoryOf(vm: Vm): string {
  const bounds = [vm.memory_min_bytes, vm.memory_max_bytes].map((bytes) => (bytes === null ? null : sizeOf(bytes)));
  if (bounds.every((bound) => bound === null)) return sizeOf(vm.memory_bytes);
  return `${sizeOf(vm.memory_bytes)}, ${bounds.map((bound) => bound ?? "…").join(" to ")}`;
}

const FIRMWARE = { uefi: "UEFI", bios: "BIOS" } as const;
const SYSTEMS = { linux: "Linux", windows: "Windows", other: "other" } as const;

function factsOf({ host, vm }: VmTabProps): Fact[] {
  const extras = [FIRMWARE[vm.firmware], vm.secure_boot ? "secure boot" : "", vm.tpm ? "TPM" : "", vm.nested ? "nested" : ""];
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
    ["Memory", memoryOf(vm)],
    ["Disks", `${countOf(vm.disks.filter(({ kind }) => kind === "disk").length, "disk")}, ${sizeOf(total)}`],
    ["Firmware", extras.filter(Boolean).join(", ")],
    ["System", vm.os_family === null ? null : SYSTEMS[vm.os_family]],
    ["With the host", vm.autostart ? "starts" : "stays off"],
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
      {vm.state === "running" && mayAsk(me, host, "vm.stats") && <VmFigures host={host.name} vm={vm} />}
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
