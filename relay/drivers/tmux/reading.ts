// Reads a pane for the operations terminal.capture and terminal.save: by a tmux process of its own for each piece, whose end is the
// end of its output, so that no text in the terminal can pretend to be anything else.
import { LIMITS } from "../../../protocol/limits.ts";
import { openNewFile } from "./recording.ts";
import { FACTS_FORMAT, factsOf, type Facts } from "./screen.ts";
import type { Found, Pane } from "./sessions.ts";
import type { Tmux } from "./tmux.ts";

export interface Captured {
  readonly facts: Facts;
  readonly text: Buffer;
}

/** Lines of one capture while a file is written: bounds memory. */
const SLICE_LINES = 500;

/** `from` and `to` as tmux counts: 0 is the screen's first line, those above are negative; null: the last. */
async function read(
  tmux: Tmux,
  pane: number,
  from: number,
  to: number | null,
  escapes: boolean,
  signal?: AbortSignal,
): Promise<Found<Captured>> {
  const at = ["-t", `%${pane}`];
  const range = ["-S", String(from), ...(to === null ? [] : ["-E", String(to)])];
  const answer = await tmux.run(
    [
      ["display-message", "-p", ...at, FACTS_FORMAT],
      ["capture-pane", "-p", ...(escapes ? ["-e"] : []), ...at, ...range],
    ],
    signal ? { signal } : {},
  );
  if (!answer.ok) return answer;
  const end = answer.stdout.indexOf(10);
  const facts = factsOf(answer.stdout.toString("latin1", 0, Math.max(0, end)));
  if (!facts) return { ok: false, kind: "refused", message: "tmux answered something else." };
  return { ok: true, value: { facts, text: answer.stdout.subarray(end + 1) } };
}

export interface CaptureData {
  readonly facts: Facts;
  readonly text: string;
  readonly truncated: boolean;
}

/** The last LIMITS.terminalCaptureBytes, from the beginning of a line. */
export async function capture(
  tmux: Tmux,
  pane: Pane,
  scrollback: number,
  escapes: boolean,
  signal: AbortSignal,
): Promise<Found<CaptureData>> {
  const found = await read(tmux, pane.pane, -scrollback, null, escapes, signal);
  if (!found.ok) return found;
  const { facts, text } = found.value;
  const isWhole = text.length <= LIMITS.terminalCaptureBytes;
  const tail = isWhole ? text : text.subarray(text.length - LIMITS.terminalCaptureBytes);
  const line = isWhole ? 0 : tail.indexOf(10) + 1;
  return { ok: true, value: { facts, text: tail.subarray(line).toString("utf8"), truncated: !isWhole } };
}

export type Saved =
  | { readonly path: string; readonly lines: number; readonly bytes: number; readonly truncated: boolean }
  | { readonly exists: string }
  | { readonly failed: string };

/** Everything above the screen, then the screen. Lines that scroll while it is read may be missing or come twice at a slice's edge. */
export async function save(
  tmux: Tmux,
  pane: Pane,
  { dir, file, escapes, signal }: { dir: string; file: string; escapes: boolean; signal: AbortSignal },
): Promise<Found<Saved>> {
  const first = await read(tmux, pane.pane, 0, 0, escapes, signal);
  if (!first.ok) return first;
  const opened = await openNewFile(dir, file);
  if (!("path" in opened)) return { ok: true, value: opened };
  const { stream, path } = opened;
  const sum = { lines: 0, bytes: 0, truncated: false, failure: "" };
  stream.on("error", (error: NodeJS.ErrnoException) => (sum.failure = `${path} cannot be written (${error.code ?? "unknown error"}).`));
  const closed = new Promise<void>((resolve) => stream.once("close", resolve));

  let refusal: Found<never> | null = null;
  for (
    let from = -first.value.facts.history_size;
    from < first.value.facts.pane_height && sum.failure === "" && !sum.truncated;
    from += SLICE_LINES
  ) {
    const to = Math.min(from + SLICE_LINES, first.value.facts.pane_height) - 1;
    const piece = await read(tmux, pane.pane, from, to, escapes, signal);
    if (!piece.ok) {
      refusal = piece;
      break;
    }
    const { text } = piece.value;
    sum.truncated = sum.bytes + text.length > LIMITS.terminalFileBytes;
    if (sum.truncated) break;
    sum.bytes += text.length;
    sum.lines += to - from + 1;
    // A file that failed while tmux was asked drains no more.
    if (!stream.write(text)) await Promise.race([closed, new Promise<void>((resolve) => void stream.once("drain", resolve))]);
  }
  stream.end();
  await closed;
  if (refusal) return refusal;
  const { failure, ...done } = sum;
  return { ok: true, value: failure === "" ? { path, ...done } : { failed: failure } };
}
