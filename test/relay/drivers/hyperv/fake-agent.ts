// A host agent that is none: answers what its folder says, so that the relay's side of the protocol can be tested without PowerShell.
// `script.json`: how it misbehaves, and what it answers to each operation (a list is used up, its last answer stays).
// Every job that it got is a line of `jobs.jsonl`.
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface FakeAnswer {
  readonly status?: "success" | "error" | "partial";
  readonly code?: string;
  readonly message?: string;
  readonly data?: unknown;
}

export type Misbehaviour =
  | "garbage"
  | "nothing"
  | "two-documents"
  | "too-long"
  | "hang"
  | "hang-with-child"
  | "crash-before"
  | "crash-after"
  | "bom"
  | "not-utf8"
  | "other-job"
  | "no-code"
  | "unknown-code"
  | "stray-fields"
  | "last-words"
  | "noise";

export interface FakeScript {
  readonly misbehave?: Misbehaviour;
  /** A run with this operation in it never answers. */
  readonly hangsOn?: string;
  readonly answers?: Readonly<Record<string, FakeAnswer | readonly FakeAnswer[]>>;
}

interface Job {
  readonly operation: string;
  readonly resource_spec: { readonly steps?: readonly { readonly operation: string; readonly resource_spec: unknown }[] };
  readonly correlation_id: string;
}

const [folder = ""] = process.argv.slice(2);
// First the job, which may come long after the start.
const job = JSON.parse(readFileSync(0, "utf8")) as Job;
const script = JSON.parse(readFileSync(join(folder, "script.json"), "utf8")) as FakeScript;
appendFileSync(join(folder, "jobs.jsonl"), `${JSON.stringify({ arguments: process.argv.slice(3), environment: process.env, job })}\n`);

/** Whatever the operation before answered counts: used answers are remembered in the folder. */
function answerOf(operation: string): FakeAnswer {
  const answer = script.answers?.[operation];
  if (answer === undefined) return { status: "error", code: "OPERATION_UNKNOWN", message: `the script has no answer to ${operation}` };
  if (!Array.isArray(answer)) return answer as FakeAnswer;
  const file = join(folder, `used-${operation}`);
  const used = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
  writeFileSync(file, String(used + 1));
  return (answer as readonly FakeAnswer[])[Math.min(used, answer.length - 1)]!;
}

const resultOf = ({ status, code, message = "done", data }: FakeAnswer) => ({
  status: status ?? (code === undefined ? "success" : "error"),
  ...(code === undefined ? {} : { code }),
  message,
  data,
});

function batch(): FakeAnswer {
  const results: ReturnType<typeof resultOf>[] = [];
  for (const { operation } of job.resource_spec.steps ?? []) {
    const result = resultOf(answerOf(operation));
    results.push(result);
    if (result.status === "error") break;
  }
  const at = results.findIndex(({ status }) => status === "error");
  const failed = results[at];
  if (!failed) return { data: { results, failed: null } };
  return { status: at === 0 ? "error" : "partial", code: failed.code!, message: failed.message, data: { results, failed: at } };
}

const hangs = [job.operation, ...(job.resource_spec.steps ?? []).map(({ operation }) => operation)].includes(script.hangsOn ?? "");
const misbehaviour = hangs ? "hang" : script.misbehave;
if (misbehaviour === "hang-with-child") {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  writeFileSync(join(folder, "child.pid"), String(child.pid));
}
if (misbehaviour === "hang" || misbehaviour === "hang-with-child") setInterval(() => undefined, 1_000);
else {
  if (misbehaviour === "crash-before") process.exit(3);
  const whole = {
    ...resultOf(job.operation === "batch" ? batch() : answerOf(job.operation)),
    logs: [] as unknown[],
    correlation_id: job.correlation_id,
  };
  if (misbehaviour === "noise") {
    whole.logs.push({ level: "info", message: "a line" });
    process.stderr.write("stray words");
  }
  const document = JSON.stringify(whole);
  const altered: Partial<Record<Misbehaviour, string | Uint8Array>> = {
    garbage: "WARNING: the module is old\n{",
    nothing: "",
    "two-documents": document + document,
    "too-long": "x".repeat(17 * 1024 * 1024),
    bom: `\ufeff${document}`,
    "not-utf8": Buffer.concat([Buffer.from(document.slice(0, -1)), Buffer.from([0xff]), Buffer.from("}")]),
    "other-job": JSON.stringify({ ...whole, correlation_id: "another" }),
    "no-code": JSON.stringify({ ...whole, status: "error" }),
    "unknown-code": JSON.stringify({ ...whole, status: "error", code: "NO_SUCH_CODE" }),
    "stray-fields": JSON.stringify({ ...whole, more: true }),
    "last-words": '{"status":"error","code":"DRIVER_FAILED","message":"The agent failed: no memory","logs":[],"correlation_id":"unknown"}',
  };
  const bytes = misbehaviour === undefined ? document : (altered[misbehaviour] ?? document);
  process.stdout.write(bytes, () => process.exit(misbehaviour === "crash-after" ? 5 : 0));
}
