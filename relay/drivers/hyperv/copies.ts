// Copies of machines: vm.clone, as it is or with its disks as at a snapshot, in steps of the agent, taken back as a whole when one
// fails. Exports and imports are in folders.ts.
import * as z from "zod";
import type { HandlerResult, JobContext, SpecOf } from "../contract.ts";
import { changeResult, isPlan, madeOf, NOT_YET } from "../virtual/changes.ts";
import { fieldFailure, VmFailure } from "../virtual/failure.ts";
import { asWhole } from "../virtual/undo.ts";
import { needId } from "./disks/handlers.ts";
import { needNoSnapshots } from "./disks/use.ts";
import { folderHandlers } from "./folders.ts";
import { whileCopying, type Copy } from "./growing.ts";
import type { HandlersOf, Parts } from "./parts.ts";
import { needStorage } from "./resources.ts";
import { needState, type Ask, type Session, type VmData } from "./session.ts";
import { findAll, needFreeName } from "./vms/create-plan.ts";
import { diskStep, lostVm, MADE, vmStep } from "./vms/creating.ts";
import { makeAll, type Made } from "./whole.ts";

/** What a copy has of its original. */
function machineOf(vm: VmData, name: string, storageClass: string): Record<string, unknown> {
  const optional = {
    memory_min_bytes: vm.memory_min_bytes,
    memory_max_bytes: vm.memory_max_bytes,
    memory_buffer_percent: vm.memory_buffer_percent,
    os_family: vm.os_family,
    secure_boot_template: vm.secure_boot ? vm.secure_boot_template : null,
  };
  return {
    name,
    cpus: vm.cpus,
    memory_bytes: vm.memory_bytes,
    firmware: vm.firmware,
    storage_class: storageClass,
    description: vm.description,
    tags: vm.tags,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== null)),
    ...(vm.firmware === "uefi" ? { secure_boot: vm.secure_boot, tpm: vm.tpm } : {}),
    nested: vm.nested,
    // It would start with the host beside its original.
    autostart: false,
    stop_action: vm.stop_action,
  };
}

type Nic = VmData["nics"][number];

/** Without its address, which is the original's. */
function nicSpec({ name, network, model, vlan, vlan_trunk: trunk, ...nic }: Nic): Record<string, unknown> {
  const { mac_spoofing_guard, dhcp_guard, router_guard, bandwidth_min_bps, bandwidth_max_bps, connected } = nic;
  return {
    vm: MADE,
    name,
    network,
    ...(model === "legacy" ? { model } : {}),
    ...(vlan === null ? {} : { vlan }),
    ...(trunk === null ? {} : { vlan_trunk: { allowed: trunk.allowed, ...(trunk.native === null ? {} : { native: trunk.native }) } }),
    mac_spoofing_guard,
    dhcp_guard,
    router_guard,
    bandwidth_min_bps,
    bandwidth_max_bps,
    connected,
  };
}

function cloneSteps(vm: VmData, spec: SpecOf<"vm.clone">, storageClass: string): Made[] {
  const disks = vm.disks.filter(({ kind }) => kind === "disk");
  const nics = vm.nics.filter(({ network }) => network !== null);
  const names = new Set([...disks, ...nics].map(({ name }) => name));
  const order = vm.boot_order.filter((name) => names.has(name));
  return [
    vmStep(machineOf(vm, spec.name, storageClass), spec.name),
    ...disks.map(({ id, name, bus, iops_max }) => {
      const optional = { snapshot: spec.snapshot, storage_class: spec.storage_class };
      const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
      const copy = { vm: vm.id, disk: id, name, mode: spec.mode, attach_to: MADE, bus, iops_max, ...given };
      return { ...diskStep("disk.clone", copy, name, ""), field: "/vm" };
    }),
    ...nics.map((nic): Made => ({ operation: "nic.create", spec: nicSpec(nic) })),
    ...(order.length > 0 && vm.firmware === "uefi"
      ? [{ operation: "vm.update", spec: { vm: MADE, boot_order: order } } satisfies Made]
      : []),
    ...(spec.start ? [{ operation: "vm.start", spec: { vm: MADE } } satisfies Made] : []),
  ];
}

/** As the agent tells them: with the ids of the disks of then. */
const snapshotsSchema = z.object({
  items: z.array(z.object({ name: z.string(), memory: z.boolean(), disks: z.array(z.string()) })),
});

interface Original {
  readonly vm: VmData;
  /** What people are told of the snapshot; "" without. */
  readonly said: string;
}

/** Settings and adapters of a copy are those of now: a snapshot with other disks is none of the machine as it is. */
async function originalOf(session: Session, { vm: id, snapshot: name }: SpecOf<"vm.clone">, context: JobContext): Promise<Original> {
  if (name === undefined) return { vm: await session.read(id, context), said: "" };
  const [vm, { items }] = await session.asks(
    [
      { operation: "vm.get", spec: { vm: id.toLowerCase() } },
      { operation: "snapshot.list", spec: { vm: id.toLowerCase() }, schema: snapshotsSchema },
    ],
    context,
  );
  const found = items.find((one) => one.name === name);
  if (!found) throw fieldFailure("SNAPSHOT_NOT_FOUND", "/snapshot", "is no snapshot of this machine");
  const now = vm.disks.flatMap((disk) => (disk.kind === "disk" ? [disk.id] : []));
  if (now.length !== found.disks.length || now.some((disk) => !found.disks.includes(disk)))
    throw fieldFailure(
      "SNAPSHOT_UNSUPPORTED",
      "/snapshot",
      "has other disks than the machine has now; go back to it and copy the machine then",
    );
  return { vm, said: `, with its disks as at ${name}${found.memory ? ", without its memory" : ""}` };
}

async function clone({ session }: Parts, spec: SpecOf<"vm.clone">, context: JobContext): Promise<HandlerResult> {
  const found = await findAll(session, context);
  const { vm, said } = await originalOf(session, spec, context);
  needFreeName(found.vms, spec.name);
  needState(vm.state, ["off"], "it must be off to be copied");
  if (spec.mode === "linked") await needNoSnapshots(session, vm, "/vm", context);
  const storageClass = spec.storage_class ?? vm.storage_class ?? "default";
  needStorage(found, storageClass, "/storage_class");
  const outside = vm.disks.find(({ kind, storage_class: name }) => kind === "disk" && name === null);
  if (outside) throw new VmFailure("STORAGE_OUTSIDE", `The disk ${outside.name} lies in no storage class that the host declares.`);
  const lone = vm.nics.filter(({ network }) => network === null).map(({ name }) => name);
  const disks = vm.disks.filter(({ kind }) => kind === "disk");
  const changes = madeOf({
    name: spec.name,
    ...Object.fromEntries(
      disks.map((disk) => [
        `disks/${disk.name}`,
        { mode: spec.mode, storage_class: spec.storage_class ?? disk.storage_class, format: "vhdx" },
      ]),
    ),
  });
  const without = lone.length > 0 ? `; without ${lone.join(", ")}, on no network that this host declares` : "";
  const outcome = { changes, message: `${vm.name} ${isPlan(context) ? "would be copied" : "copied"} as ${spec.name}${said}${without}` };
  if (isPlan(context)) return changeResult(context, { ...outcome, id: NOT_YET, more: { name: spec.name, disks: [], nics: [] } });
  const steps = cloneSteps(vm, spec, storageClass);
  const copies = disks.map(({ name, storage_class, allocated_bytes: bytes }): Copy => ({
    storageClass: spec.storage_class ?? storage_class,
    vm: spec.name,
    name,
    bytes,
  }));
  context.progress(null, "copying");
  const before = new Set(found.vms.map(({ id }) => id));
  return asWhole(context, async (undo) => {
    const options = { ask: context, undo, before, lost: (ask: Ask) => lostVm(session, spec.name, before, ask) };
    const done = await whileCopying(session.table, spec.mode === "full" ? copies : [], context, () => makeAll(session, steps, options));
    const ids = (operation: string) => steps.flatMap((step, index) => (step.operation === operation ? (done[index]!.id ?? []) : []));
    const more = { name: spec.name, disks: ids("disk.clone"), nics: ids("nic.create") };
    return changeResult(context, { ...outcome, id: needId(done[0]!.id), more });
  });
}

export const copyHandlers = (parts: Parts): HandlersOf<"vm.clone" | "vm.export" | "vm.import"> => ({
  "vm.clone": (spec, context) => clone(parts, spec, context),
  ...folderHandlers(parts),
});
