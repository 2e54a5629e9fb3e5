// A child that writes 100 MB/s leaves its read buffers behind faster than V8, which counts objects and not their buffers,
// thinks of collecting them: 50 MB more at the peak without this. Costs nothing before much output has passed.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const MINOR_BYTES = 4 * 1024 * 1024;
/** Buffers that lived through two minor collections wait for a major one. */
const MINORS_FOR_MAJOR = 8;
type Collect = (options: { readonly type: "minor" | "major" }) => void;

let since = 0;
let minors = 0;
let collect: Collect | null = null;

/** Without it a loud child costs memory; it must not cost the job. */
function collector(): Collect {
  try {
    setFlagsFromString("--expose-gc");
    return runInNewContext("gc") as Collect;
  } catch {
    return () => undefined;
  }
}

/** Called with the length of every piece of output. */
export function passed(bytes: number): void {
  since += bytes;
  if (since < MINOR_BYTES) return;
  since = 0;
  collect ??= collector();
  minors = (minors + 1) % MINORS_FOR_MAJOR;
  collect({ type: minors === 0 ? "major" : "minor" });
}
