// Power of virtual machines. Asking for the state that is there already changes nothing and is a success.
import type { HandlerResult, JobContext } from "../../contract.ts";
import { changeResult, isPlan } from "../../virtual/changes.ts";
import { FORCED_SHUTDOWN_FROM, POWER_MOVES, type PowerMove, type VmState } from "../../virtual/power.ts";
import { needNoLinks } from "../disks/use.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import { needState } from "../session.ts";

type Moves = keyof typeof POWER_MOVES;
type Spec = { readonly vm: string; readonly wait_ms?: number; readonly force?: boolean };

/** These say whether the guest had to be forced. */
const PATIENT: ReadonlySet<Moves> = new Set<Moves>(["vm.shutdown", "vm.reboot"]);

function moveOf(operation: Moves, { force }: Spec): PowerMove {
  const move: PowerMove = POWER_MOVES[operation];
  return operation === "vm.shutdown" && force ? { ...move, from: FORCED_SHUTDOWN_FROM } : move;
}

async function run({ session }: Parts, operation: Moves, spec: Spec, context: JobContext): Promise<HandlerResult> {
  const vm = await session.read(spec.vm, context);
  const { id, name, state } = vm;
  const move = moveOf(operation, spec);
  const more = (now: VmState, forced = false) => (PATIENT.has(operation) ? { state: now, forced } : { state: now });
  if (move.there.includes(state))
    return changeResult(context, { id, changes: [], message: `${name} is ${state} already`, more: more(state) });
  needState(state, move.from, move.else);
  if (operation === "vm.start") await needNoLinks(session, vm, context);
  const changed = (to: VmState) => [{ field: "state", from: state, to, needs_restart: false }];
  if (isPlan(context))
    return changeResult(context, { id, changes: changed(move.to), message: `${name} would be ${move.to}`, more: more(move.to) });
  if (PATIENT.has(operation)) context.progress(null, `waiting for the guest to ${operation === "vm.reboot" ? "restart" : "shut down"}`);
  const done = await session.change({ operation, spec: { ...spec, vm: id } }, context);
  const now = done.state ?? move.to;
  return changeResult(context, { id, changes: changed(now), message: `${name} is ${now}`, more: more(now, done.forced ?? false) });
}

export function vmPowerHandlers(parts: Parts): HandlersOf<Moves> {
  const handler = (operation: Moves) => (spec: Spec, context: JobContext) => run(parts, operation, spec, context);
  return {
    "vm.start": handler("vm.start"),
    "vm.shutdown": handler("vm.shutdown"),
    "vm.stop": handler("vm.stop"),
    "vm.reboot": handler("vm.reboot"),
    "vm.reset": handler("vm.reset"),
    "vm.suspend": handler("vm.suspend"),
    "vm.resume": handler("vm.resume"),
    "vm.save": handler("vm.save"),
  };
}
