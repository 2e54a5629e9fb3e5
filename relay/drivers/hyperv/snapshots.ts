// Snapshots: snapshot.*, Hyper-V's checkpoints. Looks before it acts; each change is one verb of the agent.
import type { HandlerResult, JobContext, SpecOf } from "../contract.ts";
import { changeResult, isPlan, type Change } from "../virtual/changes.ts";
import { fieldFailure, VmFailure } from "../virtual/failure.ts";
import { isActive, type VmState } from "../virtual/power.ts";
import type { HandlersOf, Parts } from "./parts.ts";
import { needState, type Ask, type DataOf, type Session, type VmData } from "./session.ts";

type Snapshot = DataOf<"snapshot.list">["items"][number];

async function look(session: Session, vm: string, ask: Ask): Promise<{ readonly vm: VmData; readonly all: readonly Snapshot[] }> {
  const [read, { items }] = await session.asks(
    [
      { operation: "vm.get", spec: { vm } },
      { operation: "snapshot.list", spec: { vm } },
    ],
    ask,
  );
  return { vm: read, all: items };
}

function pick(all: readonly Snapshot[], name: string): Snapshot {
  const found = all.find((snapshot) => snapshot.name === name);
  if (!found) throw fieldFailure("SNAPSHOT_NOT_FOUND", "/snapshot", "is no snapshot of this machine");
  return found;
}

const changed = (from: string | null, to: string | null): Change => ({ field: "snapshot", from, to, needs_restart: false });

async function create({ session }: Parts, spec: SpecOf<"snapshot.create">, context: JobContext): Promise<HandlerResult> {
  const { vm, all } = await look(session, spec.vm, context);
  // Windows knows no case, and names are what snapshots are found by.
  if (all.some(({ name }) => name.toLowerCase() === spec.name.toLowerCase()))
    throw fieldFailure("SNAPSHOT_EXISTS", "/name", "is the name of a snapshot of this machine");
  needState(vm.state, ["running", "paused", "off", "saved"], "it must run, be paused, saved or off for a snapshot");
  if (!isActive(vm.state) && spec.memory === true)
    throw new VmFailure("VM_STATE_INVALID", "The virtual machine is off and has no memory to keep.");
  if (spec.quiesce && vm.state !== "running") throw new VmFailure("VM_STATE_INVALID", "Only a running guest can still its file systems.");
  const outcome = { id: spec.name, changes: [changed(null, spec.name)] };
  if (isPlan(context)) return changeResult(context, { ...outcome, message: `snapshot ${spec.name} of ${vm.name} would be taken` });
  context.progress(null, "taking the snapshot");
  await session.change({ operation: "snapshot.create", spec: { ...spec, vm: vm.id } }, context);
  return changeResult(context, { ...outcome, message: `snapshot ${spec.name} of ${vm.name} taken` });
}

/** What is kept with its memory runs, is paused or saved; of any other it is off. */
function stateAfter(snapshot: Snapshot, power: SpecOf<"snapshot.revert">["power"]): VmState {
  if (power !== "as-saved") return power;
  return snapshot.memory ? snapshot.state : "off";
}

async function revert({ session }: Parts, spec: SpecOf<"snapshot.revert">, context: JobContext): Promise<HandlerResult> {
  const { vm, all } = await look(session, spec.vm, context);
  const snapshot = pick(all, spec.snapshot);
  const after = stateAfter(snapshot, spec.power);
  const changesTo = (state: VmState): Change[] => [
    changed(all.find(({ current }) => current)?.name ?? null, snapshot.name),
    ...(state === vm.state ? [] : [{ field: "state", from: vm.state, to: state, needs_restart: false }]),
  ];
  const outcome = { id: snapshot.name, message: `${vm.name} ${isPlan(context) ? "would be" : "is"} back at snapshot ${snapshot.name}` };
  if (isPlan(context)) return changeResult(context, { ...outcome, changes: changesTo(after), more: { state: after } });
  context.progress(null, "going back");
  const done = await session.change({ operation: "snapshot.revert", spec: { ...spec, vm: vm.id } }, context);
  const state = done.state ?? after;
  return changeResult(context, { ...outcome, changes: changesTo(state), more: { state } });
}

/** Each once: on Hyper-V a snapshot may be called as the one before it is. */
function below(all: readonly Snapshot[], of: Snapshot): Snapshot[] {
  const found = new Set([of]);
  for (const { name } of found) for (const child of all) if (child.parent === name) found.add(child);
  found.delete(of);
  return [...found];
}

async function remove({ session }: Parts, spec: SpecOf<"snapshot.delete">, context: JobContext): Promise<HandlerResult> {
  const { vm, all } = await look(session, spec.vm, context);
  const found = pick(all, spec.snapshot);
  const gone = [found, ...(spec.children ? below(all, found) : [])];
  const said = isPlan(context) ? "would be deleted" : "deleted";
  if (!isPlan(context)) {
    context.progress(null, "deleting, and merging disks");
    await session.change({ operation: "snapshot.delete", spec: { ...spec, vm: vm.id } }, context);
  }
  const changes = gone.map(({ name }) => changed(name, null));
  return changeResult(context, { id: found.name, changes, message: `${gone.length} snapshots of ${vm.name} ${said}` });
}

export const snapshotHandlers = (
  parts: Parts,
): HandlersOf<"snapshot.list" | "snapshot.create" | "snapshot.revert" | "snapshot.delete"> => ({
  async "snapshot.list"({ vm }, context) {
    const data = await parts.session.ask("snapshot.list", { vm }, context);
    return { status: "success", message: `${data.items.length} snapshots`, data };
  },
  "snapshot.create": (spec, context) => create(parts, spec, context),
  "snapshot.revert": (spec, context) => revert(parts, spec, context),
  "snapshot.delete": (spec, context) => remove(parts, spec, context),
});
