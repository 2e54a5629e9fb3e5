// Changes of several steps as a whole: one run of the agent that does them, and when one fails a second that takes back, in reverse
// order, what was done.
import type { FieldError } from "../../../protocol/inputs.ts";
import { VmFailure } from "../virtual/failure.ts";
import type { Undo } from "../virtual/undo.ts";
import { AgentFault, fault } from "./agent-protocol.ts";
import type { AgentJob } from "./agent.ts";
import type { Done } from "./answers.ts";
import { Session, type Ask, type Step } from "./session.ts";

/** What one step made, for people, and what takes it back. */
export interface Left {
  readonly what: string;
  readonly step: Step;
}

export interface Made extends Step {
  /** null or absent: nothing that stays when the other steps are taken back. */
  readonly back?: (done: Done, before: readonly (Done | null)[]) => Left | null;
  /** Where the fields of this step stand in the specification that was asked for, such as "/disks/0". */
  readonly at?: string;
  /** The one field of that specification that all of this step's come from; instead of `at`. */
  readonly field?: string;
}

export interface WholeOptions {
  readonly media?: AgentJob["media"];
  /** Finds what is there, when the run ended without an answer that is one. */
  readonly lost?: (ask: Ask) => Promise<readonly Left[]>;
  /** Ids of the machines that there were: none of them was made. */
  readonly before?: ReadonlySet<string>;
}

const MAKES_VM: ReadonlySet<string> = new Set(["vm.create", "vm.import"]);

/** What was made has an id, and a machine a new one. Throws AgentFault. */
function needMade(steps: readonly Made[], done: readonly (Done | null)[], before: ReadonlySet<string> = new Set()): void {
  for (const [index, { operation, back }] of steps.entries()) {
    const one = done[index];
    if (!one) continue;
    if (one.id === undefined && (back || MAKES_VM.has(operation))) throw fault("did not say what it made");
    if (MAKES_VM.has(operation) && before.has(one.id!)) throw fault("said that it made what was there before");
  }
}

/** Pointers of a step's refusal as those of the whole specification. */
function pointedAt(failure: VmFailure, { at, field }: Made): VmFailure {
  if (!failure.errors || (at === undefined && field === undefined)) return failure;
  const errors = failure.errors.map(({ pointer, message }): FieldError => ({ pointer: field ?? at + pointer, message }));
  return new VmFailure(failure.code, failure.message, errors, { cause: failure });
}

/** Takes back in one run; answers what could not be. */
async function takeBack(session: Session, left: readonly Left[], ask: Ask): Promise<readonly string[]> {
  const failures = await session.each(
    left.map(({ step }) => step),
    ask,
  );
  for (const [index, { message }] of failures) ask.log("error", `${left[index]!.what} could not be taken back: ${message}`);
  return [...failures.keys()].map((index) => left[index]!.what);
}

/** Does all steps, or throws: what they left is in `undo` then. */
export async function makeAll(
  session: Session,
  steps: readonly Made[],
  { ask, undo, media, lost, before }: WholeOptions & { readonly ask: Ask; readonly undo: Undo },
): Promise<readonly Done[]> {
  let run;
  try {
    run = await session.changes(steps, ask, media);
    needMade(steps, run.done, before);
  } catch (error) {
    if (lost && error instanceof AgentFault)
      undo.push("what the host agent had begun", async () => {
        const later = Session.after(ask);
        return takeBack(session, (await lost(later)).toReversed(), later);
      });
    throw error;
  }
  const { done, failed } = run;
  const left = steps.flatMap(({ back }, index) => {
    const one = done[index];
    const taken = one && back?.(one, done);
    return taken ? [taken] : [];
  });
  if (left.length > 0) undo.push(left.map(({ what }) => what).join(", "), () => takeBack(session, left.toReversed(), Session.after(ask)));
  if (failed) throw pointedAt(failed.failure, steps[failed.index]!);
  return done.filter((one) => one !== null);
}
