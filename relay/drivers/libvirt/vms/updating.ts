// Changing a virtual machine in place: vm.update. What runs takes what it can at once, the definition takes everything.
import type { HandlerResult, JobContext, SpecOf } from "../../contract.ts";
import { changeResult, isPlan, isSame, type Change, type NotChanged } from "../../virtual/changes.ts";
import { refuseStartOfBase } from "../copies/bases.ts";
import { editDomain, type EditedField, type Reach } from "../domain/edit.ts";
import { readDomain, type DomainFacts } from "../domain/facts.ts";
import { OF_THE_HOST, type DomainChange } from "../domain/settings.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import { LibvirtError } from "../rpc/errors.ts";
import { explainLibvirt, type ReadVm, type Session } from "../session.ts";
import type { XmlElement } from "../xml/tree.ts";
import { refuseUnsupported } from "./unsupported.ts";
import { AFFECT, applyAtOnce, define, defineWithFreshVariables, needDefinition, type Target } from "./updating/apply.ts";
import { giftsFor, refuseErrors, refuseShortMemory, refuseStates } from "./updating/refusals.ts";
import { sentenceOf } from "../../virtual/sentence.ts";

export const vmUpdatingHandlers = ({ session, storage }: Parts): HandlersOf<"vm.update"> => ({
  "vm.update": async (spec, context) => {
    // It would start with the host, and what stands on its disks would be lost.
    if (spec.autostart) await refuseStartOfBase(storage, await session.read(spec.vm));
    return update(session, spec, context);
  },
});

type Spec = SpecOf<"vm.update">;

/** An update that was found possible. */
interface Planned {
  readonly vm: ReadVm;
  /** The definition as it is, and as it is to be. */
  readonly old: XmlElement;
  readonly root: XmlElement;
  readonly edited: readonly EditedField[];
  /** null: as it is. */
  readonly autostart: boolean | null;
  /** The definition must be written: not everything has a call of its own. */
  readonly needsDefinition: boolean;
}

async function prepare(session: Session, spec: Spec): Promise<Planned> {
  refuseUnsupported(spec);
  const vm = await session.read(spec.vm);
  const { vm: _id, autostart: wished, ...rest } = spec;
  const change: DomainChange = rest;
  const { domain } = vm;
  const [gifts, { autostart }] = await Promise.all([
    giftsFor(session, vm, change),
    session.client.call("domainGetAutostart", { domain }),
    needDefinition(session, domain),
  ]);
  const old = vm.defined.clone();
  const { edited, errors } = editDomain(vm.defined, change, { running: vm.running, ...(gifts ? { gifts } : {}) });
  refuseErrors(errors);
  refuseStates(session, vm, change);
  refuseShortMemory(edited, vm.running);
  const after = readDomain(vm.defined);
  const roomOf = ({ memoryMaxBytes, cpusMax, metadata }: DomainFacts) => [memoryMaxBytes, cpusMax, metadata.memoryMaxBytes];
  const hasOtherRoom = !isSame(roomOf(after), roomOf(vm.facts));
  return {
    vm,
    old,
    root: vm.defined,
    edited,
    autostart: wished === undefined || wished === autostart ? null : wished,
    needsDefinition: edited.length > 0 && (!vm.running || hasOtherRoom || edited.some(({ reach }) => reach === "restart")),
  };
}

/** Something waits for the next start: what the guest would see, of a machine that runs or whose run is saved. */
function waits({ field, reach }: EditedField, { running, state }: ReadVm): boolean {
  if (OF_THE_HOST.has(field)) return false;
  return running ? reach === "restart" : state === "saved";
}

async function update(session: Session, spec: Spec, context: JobContext): Promise<HandlerResult> {
  const planned = await prepare(session, spec);
  const { vm, autostart } = planned;
  const changes: Change[] = planned.edited.map((edit) => ({
    field: edit.field,
    from: edit.from,
    to: edit.to,
    needs_restart: waits(edit, vm),
  }));
  if (autostart !== null) changes.push({ field: "autostart", from: !autostart, to: autostart, needs_restart: false });
  const answer = (done: readonly Change[], notChanged: readonly NotChanged[] = []) =>
    changeResult(context, { id: vm.facts.id, changes: done, notChanged, message: sentenceOf(done, isPlan(context)) });
  if (isPlan(context) || changes.length === 0) return answer(changes);
  const left = await make(planned, { session, domain: vm.domain, signal: context.signal }, changes);
  return answer(
    changes.filter(({ field }) => !left.some((one) => one.field === field)),
    left,
  );
}

/** Makes the changes; answers those that could not be made beside others that were. Throws when none was. */
async function make(planned: Planned, target: Target, changes: Change[]): Promise<NotChanged[]> {
  const { vm, old, root, edited, autostart, needsDefinition } = planned;
  const steps: { fields: readonly string[]; run: () => Promise<void>; isDefined: boolean }[] = [];
  const changesFirmware = edited.some(({ field }) => field === "secure_boot");
  if (needsDefinition) await (changesFirmware ? defineWithFreshVariables(target, root, old) : define(target, root));
  const flags = needsDefinition ? AFFECT.live : AFFECT.live | AFFECT.config;
  if (vm.running)
    for (const reach of ["memory", "cpus", "metadata", "description"] satisfies Reach[]) {
      const fields = edited.filter((edit) => edit.reach === reach);
      if (fields.length === 0) continue;
      const names = fields.map(({ field }) => field);
      steps.push({ fields: names, run: () => applyAtOnce(target, reach, fields, root, flags), isDefined: needsDefinition });
    }
  if (autostart !== null)
    steps.push({
      fields: ["autostart"],
      run: async () => void (await target.session.client.call("domainSetAutostart", { domain: target.domain, autostart })),
      isDefined: false,
    });
  return runAll(steps, changes, needsDefinition);
}

async function runAll(
  steps: readonly { fields: readonly string[]; run: () => Promise<void>; isDefined: boolean }[],
  changes: Change[],
  isBegun: boolean,
): Promise<NotChanged[]> {
  const left: NotChanged[] = [];
  let hasDone = isBegun;
  let first: unknown = null;
  for (const { fields, run, isDefined } of steps) {
    try {
      await run();
      hasDone = true;
    } catch (error) {
      const failure = explainLibvirt(error);
      if (!failure || (error instanceof LibvirtError && error.condition === "cancelled")) throw error;
      first ??= error;
      // The definition has it: a start brings it.
      if (isDefined) for (const change of changes) if (fields.includes(change.field)) Object.assign(change, { needs_restart: true });
      if (!isDefined) left.push(...fields.map((field) => ({ field, code: failure.code, message: failure.message })));
    }
  }
  if (!hasDone && first !== null) throw first;
  return left;
}
