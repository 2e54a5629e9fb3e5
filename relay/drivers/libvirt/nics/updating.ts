// Changing one adapter in place: nic.update, nic.attach, nic.detach. The definition takes everything; what runs takes at once what
// its guest need not see as another card.
import type { HandlerResult, JobContext } from "../../contract.ts";
import { changeResult, isPlan, type Change } from "../../virtual/changes.ts";
import { fieldFailure, VmFailure } from "../../virtual/failure.ts";
import { findNic, readNic, type FoundNic, type NicFacts } from "../domain/devices.ts";
import { answered } from "../answered.ts";
import { explainLibvirt, type Session } from "../session.ts";
import { AFFECT, define, needDefinition } from "../vms/updating/apply.ts";
import { sentenceOf } from "../../virtual/sentence.ts";
import type { XmlElement } from "../xml/tree.ts";
import { applyWishes, differing, takesAtOnce, valueOf, type NicField, type NicWishes } from "./changing.ts";
import { ensureFilter, guardsOf, isForeign } from "./guards.ts";
import { refuse, type Work } from "./refusals.ts";

async function find(session: Session, spec: { readonly vm: string; readonly nic: string }, wishes: NicWishes): Promise<Work> {
  const vm = await session.read(spec.vm);
  const defined = findNic(vm.defined, spec.nic);
  const running = vm.running ? findNic(await session.xml(vm.domain, "running"), spec.nic) : null;
  if (!defined && !running) throw new VmFailure("NIC_NOT_FOUND");
  if (vm.running && defined) await needDefinition(session, vm.domain);
  return { session, vm, id: spec.nic, wishes, defined, running };
}

interface Prepared {
  readonly changes: readonly Change[];
  /** The definition's tree was changed. */
  readonly isEdited: boolean;
  /** What the running machine takes at once; null: nothing. */
  readonly live: XmlElement | null;
  /** The adapter as it is to be. */
  readonly goal: NicFacts;
}

/** Puts the wishes into the elements of both, and finds what waits. */
function prepare({ session, vm, wishes, defined, running }: Work): Prepared {
  const { table } = session;
  const edit = (element: XmlElement, { nic, index }: FoundNic, which: NicWishes): NicFacts => {
    applyWishes(element, which, nic, table);
    return readNic(element, index)!;
  };
  const wished = new Set(Object.keys(wishes));
  // A network brings its VLAN.
  if (wishes.network !== undefined || wishes.vlan !== undefined || wishes.vlan_trunk !== undefined) wished.add("vlan").add("vlan_trunk");
  const one = (defined ?? running)!;
  const goal = edit(one.element.clone(), one, wishes);
  const differs = (found: FoundNic | null) => (found ? differing(found.nic, goal, table).filter((field) => wished.has(field)) : []);
  const [inDefinition, inRun] = [differs(defined), differs(running)];
  const atOnce = inRun.filter((field) => takesAtOnce(field, running!.nic, goal, table));
  if (defined) edit(defined.element, defined, wishes);
  if (running && atOnce.length > 0) edit(running.element, running, only(wishes, atOnce));
  const waits = (field: NicField) =>
    running ? inRun.includes(field) && !atOnce.includes(field) : vm.state === "saved" || vm.running !== null;
  const changes = [...new Set([...inDefinition, ...inRun])].map((field) => {
    const { nic } = (inDefinition.includes(field) ? defined : running)!;
    return { field, from: valueOf(nic, field, table), to: valueOf(goal, field, table), needs_restart: waits(field) };
  });
  return { changes, isEdited: inDefinition.length > 0, live: running && atOnce.length > 0 ? running.element : null, goal };
}

/** Of the wishes those that run at once. */
function only(wishes: NicWishes, fields: readonly NicField[]): NicWishes {
  return Object.fromEntries(Object.entries(wishes).filter(([field]) => fields.includes(field as NicField))) as NicWishes;
}

/** Makes it; answers the changes as they were made: what the running machine did not take waits for its next start. */
async function make(
  { session, vm }: Work,
  { changes, isEdited, live, goal }: Prepared,
  { signal }: JobContext,
): Promise<readonly Change[]> {
  if (goal.filter !== null && !isForeign(goal.filter)) await ensureFilter(session, guardsOf(goal.filter));
  if (isEdited) await define({ session, signal }, vm.defined);
  if (!live) return changes;
  try {
    const args = { domain: vm.domain, xml: live.toString(), flags: AFFECT.live };
    await answered(signal, (options) => session.client.call("domainUpdateDeviceFlags", args, options));
    return changes;
  } catch (error) {
    const failure = explainLibvirt(error);
    if (!isEdited || failure === null) throw error;
    if (signal.aborted)
      throw new VmFailure(failure.code, `${failure.message} The machine's definition has the change.`, undefined, { cause: error });
    return changes.map((change) => ({ ...change, needs_restart: true }));
  }
}

/** Of nic.update, and of attach and detach, which are updates of two fields. */
export async function changeNic(
  session: Session,
  spec: { readonly vm: string; readonly nic: string },
  wishes: NicWishes,
  context: JobContext,
): Promise<HandlerResult> {
  const work = await find(session, spec, wishes);
  await refuse(work);
  const prepared = prepare(work);
  const alone = work.defined ? undefined : prepared.changes.find((change) => change.needs_restart);
  if (alone)
    throw fieldFailure("HYPERVISOR_UNSUPPORTED", `/${alone.field}`, "cannot be changed: the adapter is in the running machine alone");
  const isMade = !isPlan(context) && prepared.changes.length > 0;
  const changes = isMade ? await make(work, prepared, context) : prepared.changes;
  return changeResult(context, { id: spec.nic, changes, message: sentenceOf(changes, isPlan(context)) });
}
