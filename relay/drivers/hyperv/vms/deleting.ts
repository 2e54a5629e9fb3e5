// vm.delete: the machine, its seed, and its disks when that was asked for; disks that others stand on or that lie elsewhere are kept.
import type { HandlerResult, JobContext, SpecOf } from "../../contract.ts";
import { changeResult, isPlan, type NotChanged } from "../../virtual/changes.ts";
import { VmFailure } from "../../virtual/failure.ts";
import { isActive } from "../../virtual/power.ts";
import type { Parts } from "../parts.ts";
import { Session, type DataOf, type Step, type VmData } from "../session.ts";
import { deleteVmStep } from "./creating.ts";
import { removeSeed } from "./seed.ts";

type Snapshots = DataOf<"snapshot.list">["items"];

function check(vm: VmData, snapshots: Snapshots, spec: SpecOf<"vm.delete">): void {
  if (vm.deletion_protection) throw new VmFailure("VM_PROTECTED");
  if (isActive(vm.state) && !spec.force)
    throw new VmFailure("VM_STATE_INVALID", `The virtual machine is ${vm.state}; it must be off, or force be true.`, [
      { pointer: "/force", message: "must be true for one that runs" },
    ]);
  if (snapshots.length > 0 && !spec.delete_disks)
    throw new VmFailure("VM_HAS_SNAPSHOTS", `The virtual machine has ${snapshots.length} snapshots; delete them, or the disks with it.`, [
      { pointer: "/delete_disks", message: "must be true, or the snapshots deleted first" },
    ]);
}

/** Off, without snapshots, gone. */
function stepsOf(vm: VmData, snapshots: Snapshots): Step[] {
  const roots = snapshots.filter(({ parent }) => parent === null);
  return [
    ...(isActive(vm.state) ? [{ operation: "vm.stop", spec: { vm: vm.id } } as const] : []),
    ...roots.map(({ name }) => ({ operation: "snapshot.delete", spec: { vm: vm.id, snapshot: name, children: true } }) as const),
    deleteVmStep(vm.id),
  ];
}

interface Ended {
  readonly kept: ReadonlySet<string>;
  readonly left: readonly NotChanged[];
}

/** Others' use of a disk keeps it and is no failure. */
const KEEPING: ReadonlySet<string> = new Set(["DISK_IN_USE", "DISK_HAS_CHILDREN"]);

async function deleteDisks({ session }: Parts, disks: VmData["disks"], context: JobContext): Promise<Ended> {
  const steps = disks.map(({ id }): Step => ({ operation: "disk.delete", spec: { disk: id } }));
  // The machine is gone: its disks follow, though the job is cancelled now.
  const failures = await session.each(steps, Session.after(context)).catch((error: unknown) => {
    if (!(error instanceof VmFailure)) throw error;
    return new Map(disks.map((_, index) => [index, error]));
  });
  const kept = new Set([...failures.keys()].map((index) => disks[index]!.id));
  const left = [...failures].flatMap(([index, { code, message }]): NotChanged[] =>
    KEEPING.has(code) ? [] : [{ field: "disks", code, message: `${disks[index]!.name}: ${message}` }],
  );
  return { kept, left };
}

/** The machine is there, and may be off and without its snapshots. */
function halfDeleted(vm: VmData, done: readonly Step[], failure: VmFailure, context: JobContext): HandlerResult {
  if (done.length === 0) throw failure;
  const changes = done.map(({ operation, spec }) =>
    operation === "vm.stop"
      ? { field: "state", from: vm.state, to: "off", needs_restart: false }
      : { field: "snapshot", from: spec["snapshot"], to: null, needs_restart: false },
  );
  return changeResult(context, {
    id: vm.id,
    changes,
    notChanged: [{ field: "name", code: failure.code, message: failure.message }],
    message: `${vm.name} was not deleted: ${failure.message}`,
    more: { deleted_disks: [], kept_disks: vm.disks.flatMap(({ id, kind }) => (kind === "disk" ? [id] : [])) },
  });
}

export async function deleteVm(parts: Parts, spec: SpecOf<"vm.delete">, context: JobContext): Promise<HandlerResult> {
  const { session } = parts;
  const [vm, { items: snapshots }] = await session.asks(
    [
      { operation: "vm.get", spec: { vm: spec.vm } },
      { operation: "snapshot.list", spec: { vm: spec.vm } },
    ],
    context,
  );
  check(vm, snapshots, spec);
  const disks = vm.disks.filter(({ kind }) => kind === "disk");
  const doomed = spec.delete_disks ? disks.filter(({ storage_class: name }) => name !== null) : [];
  let ended: Ended = { kept: new Set(), left: [] };
  if (!isPlan(context)) {
    const steps = stepsOf(vm, snapshots);
    const { done, failed } = await session.changes(steps, context);
    if (failed)
      return halfDeleted(
        vm,
        steps.filter((_, index) => done[index]),
        failed.failure,
        context,
      );
    if (!(await removeSeed(session.table, vm.id))) context.log("warn", `The seed of ${vm.name} could not be deleted.`);
    ended = await deleteDisks(parts, doomed, context);
  }
  const deleted = doomed.map(({ id }) => id).filter((id) => !ended.kept.has(id));
  const ids = disks.map(({ id }) => id);
  const kept = ids.filter((id) => !deleted.includes(id));
  const changes = [
    { field: "name", from: vm.name, to: null, needs_restart: false },
    ...(isActive(vm.state) ? [{ field: "state", from: vm.state, to: "off", needs_restart: false }] : []),
    ...(deleted.length > 0 ? [{ field: "disks", from: ids, to: kept, needs_restart: false }] : []),
  ];
  return changeResult(context, {
    id: vm.id,
    changes,
    notChanged: ended.left,
    message: `${vm.name} ${isPlan(context) ? "would be" : "was"} deleted`,
    more: { deleted_disks: deleted, kept_disks: kept },
  });
}
