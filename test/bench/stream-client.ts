// The bench's client of model streams, as a process of its own: it shares no event loop with what is measured, nor with who
// measures. Takes one command at a time over IPC, answers with raw times. Speaks to Farhand and to the upstream itself alike.
import { setTimeout as sleep } from "node:timers/promises";
import { Wire, type Target } from "./wire.ts";

export type AbortPhase = "streaming" | "prefill" | "upload";

export interface Commands {
  /**
   * `count` streams of `tokens` each; `rate` tokens a second, 0: full speed. Paced ones begin one after the other. `burst`: the
   * upstream writes 16 tokens at once; else each by itself, as model servers do.
   */
  streams: {
    ask: { target: Target; count: number; tokens: number; rate: number; burst: boolean };
    /** Milliseconds; gaps between tokens that follow one another, per stream, and from the upstream's write to here. */
    answer: { wallMs: number; firstMs: number[]; gapsMs: number[]; delaysMs: number[]; bytes: number };
  };
  /** Streams one after the other, on one connection: to the first byte of the body. */
  first: { ask: { target: Target; count: number }; answer: { firstMs: number[] } };
  /** Answers of one token, not streamed. */
  requests: { ask: { target: Target; width: number; count: number }; answer: { perSecond: number; eachMs: number[] } };
  /** Leaves in this phase. Milliseconds since 1970 of the moment before. */
  abort: { ask: { target: Target; phase: AbortPhase; how: "fin" | "rst" }; answer: { at: number } };
  /** Opens streams and keeps them; `stalled`: reads nothing after the first bytes. */
  hold: { ask: { target: Target; count: number; rate: number; stalled: boolean }; answer: Record<string, never> };
  release: { ask: Record<string, never>; answer: Record<string, never> };
}
export type Name = keyof Commands;
export type Command = { [K in Name]: { name: K; ask: Commands[K]["ask"] } }[Name];
export type Reply = { answer: unknown } | { error: string };

const PATH = "/v1/chat/completions";
const STAGGER_MS = 3.1;
const SETTLE_MS = 150;
/** More than the edge holds before it lets a body begin (LIMITS.modelScanBytes). */
const UPLOAD_BYTES = 3_000_000;
const now = () => performance.timeOrigin + performance.now();
const held: Wire[] = [];

const bodyOf = (target: Target, more: object) =>
  JSON.stringify({ model: target.model, messages: [{ role: "user", content: "Say something." }], ...more });

function checked<A extends { readonly status: number }>(answer: A): A {
  if (answer.status !== 200) throw new Error(`answered with ${answer.status}`);
  return answer;
}

/** Finds stamped tokens in the pieces of a body. */
function tokenTimes(onToken: (sentMs: number, seenMs: number) => void): (bytes: Buffer) => void {
  const mark = '"content":"';
  let rest = "";
  return (bytes) => {
    const seen = now();
    const text = rest + bytes.toString("latin1");
    let at = 0;
    for (;;) {
      const found = text.indexOf(mark, at);
      if (found < 0 || text.length < found + mark.length + 16) break;
      at = found + mark.length;
      const sent = Number(text.slice(at, at + 16));
      if (sent > 0) onToken(sent / 1000, seen);
    }
    rest = text.slice(Math.max(at, text.length - 64));
  };
}

type Measured = Commands["streams"]["answer"];

async function oneStream(wire: Wire, { target, tokens, rate, burst }: Commands["streams"]["ask"], into: Measured): Promise<void> {
  let first = 0;
  let last = 0;
  const times = tokenTimes((sent, seen) => {
    into.delaysMs.push(seen - sent);
    if (last > 0) into.gapsMs.push(seen - last);
    last = seen;
  });
  const begun = performance.now();
  wire.post(PATH, target.key, bodyOf(target, { stream: true, max_tokens: tokens, rate, stamp: !burst }));
  const { bytes } = checked(
    await wire.answer((piece) => {
      if (first === 0) into.firstMs.push((first = performance.now()) - begun);
      if (rate > 0) times(piece);
    }),
  );
  into.bytes += bytes;
}

async function streams(ask: Commands["streams"]["ask"]): Promise<Measured> {
  const wires = await Promise.all(Array.from({ length: ask.count }, () => Wire.open(ask.target.url)));
  const into: Measured = { wallMs: 0, firstMs: [], gapsMs: [], delaysMs: [], bytes: 0 };
  const begun = performance.now();
  const run = async (wire: Wire, index: number) => {
    if (ask.rate > 0) await sleep(index * STAGGER_MS);
    await oneStream(wire, ask, into);
  };
  await Promise.all(wires.map(run));
  into.wallMs = performance.now() - begun;
  for (const wire of wires) wire.close("fin");
  return into;
}

async function first({ target, count }: Commands["first"]["ask"]): Promise<Commands["first"]["answer"]> {
  const wire = await Wire.open(target.url);
  const firstMs: number[] = [];
  const body = bodyOf(target, { stream: true, max_tokens: 2 });
  for (let index = 0; index < count; index++) {
    let seen = 0;
    const begun = performance.now();
    wire.post(PATH, target.key, body);
    checked(await wire.answer(() => (seen ||= performance.now())));
    firstMs.push(seen - begun);
  }
  wire.close("fin");
  return { firstMs };
}

async function requests({ target, width, count }: Commands["requests"]["ask"]): Promise<Commands["requests"]["answer"]> {
  const wires = await Promise.all(Array.from({ length: width }, () => Wire.open(target.url)));
  const body = bodyOf(target, { max_tokens: 1 });
  const eachMs: number[] = [];
  let left = count;
  const begun = performance.now();
  const worker = async (wire: Wire) => {
    while (left-- > 0) {
      const start = performance.now();
      wire.post(PATH, target.key, body);
      checked(await wire.answer());
      eachMs.push(performance.now() - start);
    }
  };
  await Promise.all(wires.map(worker));
  const perSecond = count / ((performance.now() - begun) / 1000);
  for (const wire of wires) wire.close("fin");
  return { perSecond, eachMs };
}

async function abort({ target, phase, how }: Commands["abort"]["ask"]): Promise<Commands["abort"]["answer"]> {
  const wire = await Wire.open(target.url);
  const begun = Promise.withResolvers<void>();
  wire.answer(() => begun.resolve()).catch(() => {});
  if (phase === "upload") wire.post(PATH, target.key, bodyOf(target, { padding: "x".repeat(UPLOAD_BYTES) }).slice(0, -2), 2 * UPLOAD_BYTES);
  else if (phase === "prefill") wire.post(PATH, target.key, bodyOf(target, { max_tokens: 1, prefill_ms: 10_000 }));
  else {
    wire.post(PATH, target.key, bodyOf(target, { stream: true, max_tokens: 10_000, rate: 50 }));
    await begun.promise;
  }
  await sleep(SETTLE_MS);
  const at = now();
  wire.close(how);
  return { at };
}

async function hold({ target, count, rate, stalled }: Commands["hold"]["ask"]): Promise<Record<string, never>> {
  const open = async () => {
    const wire = await Wire.open(target.url);
    held.push(wire);
    const begun = Promise.withResolvers<void>();
    wire.answer(() => begun.resolve()).catch(() => {});
    wire.post(PATH, target.key, bodyOf(target, { stream: true, max_tokens: 100_000_000, rate }));
    await begun.promise;
    if (stalled) wire.socket.pause();
  };
  await Promise.all(Array.from({ length: count }, open));
  return {};
}

async function release(): Promise<Record<string, never>> {
  for (const wire of held.splice(0)) wire.close("rst");
  return {};
}

function run({ name, ask }: Command): Promise<unknown> {
  if (name === "streams") return streams(ask);
  if (name === "first") return first(ask);
  if (name === "requests") return requests(ask);
  if (name === "abort") return abort(ask);
  return name === "hold" ? hold(ask) : release();
}

process.on("message", (command: Command) => {
  run(command).then(
    (answer) => process.send!({ answer } satisfies Reply),
    (error: unknown) => process.send!({ error: String((error as Error).stack) } satisfies Reply),
  );
});
process.on("disconnect", () => process.exit(0));
