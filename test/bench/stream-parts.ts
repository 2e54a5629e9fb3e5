// The parts of the bench that stream: which of them are wanted, and the product that each stands on.
import { billedFigures } from "./billed-streams.ts";
import { echoFigures } from "./echo.ts";
import type { Figure } from "./measure.ts";
import { startStreamRig, type StreamRig } from "./stream-rig.ts";
import { abortFigures, besideJob, requestFigures, streamFigures, streamMemory } from "./streams.ts";

interface Part {
  readonly name: string;
  readonly title: string;
  readonly measure: (rig: StreamRig) => Promise<Figure[]>;
  /** On a product of its own, that has carried nothing yet. */
  readonly isFresh?: true;
}

const PARTS: readonly Part[] = [
  { name: "stream-memory", title: "(i) memory of streams", measure: streamMemory, isFresh: true },
  { name: "tokens", title: "(f) model streams", measure: streamFigures },
  { name: "aborts", title: "(g) a client that leaves", measure: abortFigures },
  { name: "requests", title: "(h) answers of one token", measure: requestFigures },
  { name: "stream-jobs", title: "(j) a stream beside a job", measure: besideJob },
  { name: "stream-billing", title: "(k) messages of a stream", measure: billedFigures },
  { name: "echo", title: "(l) a key in a terminal", measure: (rig) => echoFigures(rig.product) },
];

/** `wanted` empty, or with `streams`: all of them. Titles and figures, as they are measured. */
export async function* streamParts(wanted: readonly string[]): AsyncGenerator<[string, Figure[]]> {
  const isWanted = ({ name }: Part) => wanted.length === 0 || wanted.includes("streams") || wanted.includes(name);
  let rig: StreamRig | null = null;
  try {
    for (const part of PARTS.filter(isWanted)) {
      if (part.isFresh) await rig?.stop();
      if (part.isFresh) rig = null;
      rig ??= await startStreamRig("[terminal]\nenabled = true\n");
      yield [part.title, await part.measure(rig)];
      if (part.isFresh) await rig.stop();
      if (part.isFresh) rig = null;
    }
  } finally {
    await rig?.stop();
  }
}
