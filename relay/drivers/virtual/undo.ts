// What a change in several steps has done so far, and how it is taken back when a later step fails: in reverse order, each step
// tried whatever became of the others.
import type { JobContext } from "../contract.ts";
import { VmFailure } from "./failure.ts";

interface Step {
  /** What there is to take back, for people: "the volume web-disk0.qcow2". */
  readonly what: string;
  readonly back: Back;
}

/** A step that takes back several effects at once answers those that it could not, by their words. */
type Back = () => Promise<void | readonly string[]>;

export class Undo {
  readonly #steps: Step[] = [];

  /** Called right after (or, where an effect may come without its answer, right before) the effect. */
  push(what: string, back: Back): void {
    this.#steps.push({ what, back });
  }

  /** Takes everything back; what could not be, by its words. Never throws. */
  async run(log: JobContext["log"]): Promise<string[]> {
    const left: string[] = [];
    for (const { what, back } of this.#steps.splice(0).toReversed()) {
      try {
        left.push(...((await back()) ?? []));
      } catch (error) {
        left.push(what);
        log("error", `${what} could not be taken back: ${error instanceof Error ? error.message : "unknown"}`);
      }
    }
    return left;
  }
}

/**
 * Runs a change as a whole: when it throws, or the job is cancelled under it, everything is taken back and the error thrown on,
 * with what was left behind in its message.
 */
export async function asWhole<T>(context: Pick<JobContext, "log">, change: (undo: Undo) => Promise<T>): Promise<T> {
  const undo = new Undo();
  try {
    return await change(undo);
  } catch (error) {
    const left = await undo.run(context.log);
    if (left.length === 0) throw error;
    const more = ` Left behind: ${left.join(", ")}.`;
    // The reason of an abort cannot be added to.
    if (error instanceof DOMException) throw new VmFailure("JOB_CANCELLED", `The job was cancelled.${more}`, undefined, { cause: error });
    if (error instanceof Error) error.message += more;
    throw error;
  }
}
