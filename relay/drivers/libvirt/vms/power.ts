// Power of virtual machines. Asking for the state that is there already changes nothing and is a success.
import type { HandlerResult, JobContext } from "../../contract.ts";
import { changeResult, isPlan } from "../../virtual/changes.ts";
import { VmFailure } from "../../virtual/failure.ts";
import { FORCED_SHUTDOWN_FROM, POWER_MOVES, type PowerMove } from "../../virtual/power.ts";
import { refuseStartOfBase } from "../copies/bases.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import type { ReadVm, Session, VmState } from "../session.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import { longCall } from "../snapshots/long-call.ts";
import { askAndWait, untilOff, type Asking } from "./guest-asking.ts";
import { needMemoryNow } from "./host-room.ts";
import { turnOff } from "./removing.ts";
import { startDomain } from "./starting.ts";

interface Move extends PowerMove {
  /** Checks that a plan makes too. */
  check?(vm: ReadVm): Promise<void>;
  act(vm: ReadVm): Promise<{ readonly forced?: boolean } | void>;
}

async function move(session: Session, uuid: string, context: JobContext, how: Move, isPatient = false): Promise<HandlerResult> {
  const vm = await session.read(uuid);
  const { id, name } = vm.facts;
  const more = (state: VmState, forced = false) => (isPatient ? { state, forced } : { state });
  if (how.there.includes(vm.state))
    return changeResult(context, { id, changes: [], message: `${name} is ${vm.state} already`, more: more(vm.state) });
  session.need(vm.state, how.from, how.else);
  await how.check?.(vm);
  const changes = [{ field: "state", from: vm.state, to: how.to, needs_restart: false }];
  if (isPlan(context)) return changeResult(context, { id, changes, message: `${name} would be ${how.to}`, more: more(how.to) });
  const done = await how.act(vm);
  const state = await stateAfter(session, vm);
  return changeResult(context, {
    id,
    changes: [{ ...changes[0]!, to: state }],
    message: `${name} is ${state}`,
    more: more(state, done?.forced ?? false),
  });
}

/** A machine without a definition is gone when it is off. */
async function stateAfter(session: Session, { domain }: ReadVm): Promise<VmState> {
  try {
    return await session.state(domain);
  } catch (error) {
    if (isLibvirtError(error, "NO_DOMAIN")) return "off";
    throw error;
  }
}

interface Patience {
  readonly vm: string;
  readonly wait_ms: number;
  readonly force: boolean;
}

function shutDown({ session, reader }: Parts, spec: Patience, context: JobContext): Promise<HandlerResult> {
  const act = async (vm: ReadVm) => {
    const ask: Asking = { session, domain: vm.domain, call: "domainShutdownFlags", hasAgent: await reader.hasAgent(vm.facts.id) };
    context.progress(null, "waiting for the guest to shut down");
    const isDone =
      vm.state !== "paused" && (await askAndWait(ask, { waitMs: spec.wait_ms, signal: context.signal }, (signal) => untilOff(ask, signal)));
    if (isDone) return { forced: false };
    if (!spec.force) throw new VmFailure("VM_SHUTDOWN_TIMEOUT", `The guest did not shut down within ${spec.wait_ms} ms.`);
    await turnOff(session, vm.facts.id);
    return { forced: true };
  };
  const usual = POWER_MOVES["vm.shutdown"];
  return move(session, spec.vm, context, { ...usual, from: spec.force ? FORCED_SHUTDOWN_FROM : usual.from, act }, true);
}

/** A guest that turned itself off instead is started again. */
async function restarted({ session, events }: Parts, ask: Asking, signal: AbortSignal): Promise<boolean> {
  const first = new AbortController();
  const both = AbortSignal.any([signal, first.signal]);
  const reset = events.next(ask.domain.uuid, "reboot", both).then((event) => (event === null ? false : "reset"));
  const off = untilOff(ask, both).then((isOff) => isOff && "off");
  try {
    const how = await Promise.race([reset, off]);
    if (how === "off") await startDomain(session, ask.domain, signal);
    return how !== false;
  } finally {
    first.abort();
  }
}

function reboot(parts: Parts, spec: Patience, context: JobContext): Promise<HandlerResult> {
  const { session, reader } = parts;
  const act = async (vm: ReadVm) => {
    const { id } = vm.facts;
    const ask: Asking = { session, domain: vm.domain, call: "domainReboot", hasAgent: await reader.hasAgent(id) };
    context.progress(null, "waiting for the guest to restart");
    const done = await askAndWait(ask, { waitMs: spec.wait_ms, signal: context.signal }, (signal) => restarted(parts, ask, signal));
    if (done) return { forced: false };
    if (!spec.force) throw new VmFailure("VM_SHUTDOWN_TIMEOUT", `The guest did not restart within ${spec.wait_ms} ms.`);
    await session.client.call("domainReset", { domain: vm.domain, flags: 0 });
    return { forced: true };
  };
  return move(session, spec.vm, context, { ...POWER_MOVES["vm.reboot"], act }, true);
}

export const vmPowerHandlers = (
  parts: Parts,
): HandlersOf<"vm.start" | "vm.shutdown" | "vm.stop" | "vm.reboot" | "vm.reset" | "vm.suspend" | "vm.resume" | "vm.save"> => {
  const { session } = parts;
  const { client } = session;
  return {
    "vm.start": ({ vm }, context) =>
      move(session, vm, context, {
        ...POWER_MOVES["vm.start"],
        check: async (read) => {
          needMemoryNow(read.facts.memoryBytes, null);
          await refuseStartOfBase(parts.storage, read);
        },
        act: ({ domain }) =>
          longCall(session, { domain, ask: context, what: "starting" }, ({ signal }) => startDomain(session, domain, signal!)),
      }),

    "vm.shutdown": (spec, context) => shutDown(parts, spec, context),

    "vm.stop": ({ vm }, context) =>
      move(session, vm, context, {
        ...POWER_MOVES["vm.stop"],
        act: ({ facts }) => turnOff(session, facts.id),
      }),

    "vm.reboot": (spec, context) => reboot(parts, spec, context),

    "vm.reset": ({ vm }, context) =>
      move(session, vm, context, {
        ...POWER_MOVES["vm.reset"],
        act: async ({ domain }) => void (await client.call("domainReset", { domain, flags: 0 })),
      }),

    "vm.suspend": ({ vm }, context) =>
      move(session, vm, context, {
        ...POWER_MOVES["vm.suspend"],
        act: async ({ domain }) => void (await client.call("domainSuspend", { domain }, { signal: context.signal })),
      }),

    "vm.resume": ({ vm }, context) =>
      move(session, vm, context, {
        ...POWER_MOVES["vm.resume"],
        act: async ({ domain }) => void (await client.call("domainResume", { domain }, { signal: context.signal })),
      }),

    "vm.save": ({ vm }, context) =>
      move(session, vm, context, {
        ...POWER_MOVES["vm.save"],
        act: async ({ domain }) =>
          void (await longCall(session, { domain, ask: context, what: "saving the memory" }, (options) =>
            client.call("domainManagedSave", { domain, flags: 0 }, options),
          )),
      }),
  };
};
