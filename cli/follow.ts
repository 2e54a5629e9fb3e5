// Shows a job to its end, children of a fan-out side by side, and knows the exit code. Ctrl-C cancels, a second one leaves.
import type * as z from "zod";
import type { Job, jobSchema } from "../protocol/api/shapes.ts";
import { hasEnded, type JobState } from "../protocol/job.ts";
import type { StreamName } from "../protocol/link/records.ts";
import type { Client } from "./client.ts";
import { jobEvents, type JobEndEvent, type StreamEvent } from "./event-stream.ts";
import { CliFailure, EXIT, exitFor, remedyFor, type ExitCode } from "./failure.ts";
import { plain, printJson, size } from "./output.ts";
import { Screen } from "./screen.ts";
import { segment } from "./session.ts";

/** A terminal gives one Ctrl-C to the whole process group: what comes this soon after the first is the same one. */
const SAME_KEY_MS = 300;
const PARENT_POLL_MS = 500;

export const getJob = (client: Client, id: string): Promise<Job> => client.get<Job>(`/api/v1/jobs/${segment(id)}`);
export const cancelJob = async (client: Client, id: string): Promise<Job> =>
  (await client.ask<z.infer<typeof jobSchema>>("POST", `/api/v1/jobs/${segment(id)}/cancel`)).body;

const WAITING: Partial<Record<JobState, string>> = {
  held: "is held",
  queued: "waits for its host",
  delivered: "is delivered",
  running: "runs",
};

/** Output with the host's name before each line, for several hosts at once. */
class Prefixed {
  readonly #screen: Screen;
  readonly #prefix: string;
  #rest: Record<StreamName, string> = { stdout: "", stderr: "" };

  constructor(screen: Screen, host: string | null) {
    this.#screen = screen;
    this.#prefix = host === null ? "" : `[${host}] `;
  }

  async write(stream: StreamName, data: string | Uint8Array): Promise<void> {
    if (this.#prefix === "") return await this.#screen.output(stream, data);
    const text = this.#rest[stream] + (typeof data === "string" ? data : Buffer.from(data).toString("utf8"));
    const lines = text.split("\n");
    this.#rest[stream] = lines.pop() ?? "";
    await this.#screen.output(stream, lines.map((line) => `${this.#prefix}${line}\n`).join(""));
  }

  async end(): Promise<void> {
    for (const stream of ["stdout", "stderr"] as const) if (this.#rest[stream] !== "") await this.write(stream, "\n");
  }

  note(text: string): void {
    this.#screen.note(this.#prefix + text);
  }
}

/** Bytes that the stream of events skipped, from where they are kept. */
async function fillGap(client: Client, id: string, gap: Extract<StreamEvent, { event: "gap" }>["data"], out: Prefixed): Promise<void> {
  const { stream, from, to, lost } = gap;
  if (!lost) {
    const query = { stream };
    const response = await client
      .open("GET", `/api/v1/jobs/${segment(id)}/output`, { query, headers: { range: `bytes=${from}-${to - 1}`, accept: "*/*" } })
      .catch(() => null);
    if (response?.statusCode === 206) {
      try {
        for await (const bytes of response as AsyncIterable<Buffer>) await out.write(stream, bytes);
        return;
      } catch {
        // Said below.
      }
    } else response?.destroy();
  }
  out.note(`… ${size(to - from)} of ${stream} ${lost ? "were not kept" : "cannot be read now"}`);
}

async function followOne(
  client: Client,
  id: string,
  host: string | null,
  screen: Screen,
  signal: AbortSignal,
): Promise<JobEndEvent | null> {
  const out = new Prefixed(screen, host);
  for await (const event of jobEvents(client, id, signal, (why) => out.note(`connection lost (${why}); trying again …`))) {
    if (event.event === "result") {
      await out.end();
      return event.data;
    }
    if (event.event === "status") screen.status(`${id} ${WAITING[event.data.status] ?? event.data.status}`);
    else if (event.event === "progress")
      screen.status(`${event.data.percent === null ? "" : `${Math.round(event.data.percent)} % `}${event.data.message}`);
    else if (event.event === "gap") await fillGap(client, id, event.data, out);
    else if ("stream" in event.data) await out.write(event.data.stream, event.data.text);
    else out.note(`${event.data.level}: ${event.data.message}`);
  }
  return null;
}

/** Why a job did not succeed, with what to do: the host's own words name the line of relay.toml. */
export function explain(end: JobEndEvent): string {
  const { status, result, error } = end;
  if (error) return `${status}: ${error.message} (${error.code})\n${error.remedy}`;
  const code = result?.code ?? "";
  const fields = (result?.data as { errors?: { pointer: string; message: string }[] } | undefined)?.errors ?? [];
  const lines = fields.map(({ pointer, message }) => `  ${pointer} ${message}`);
  const remedy = code === "COMMAND_FAILED" ? null : remedyFor(code);
  return [`${status}: ${result?.message ?? "no result"}${code ? ` (${code})` : ""}`, ...lines, remedy]
    .filter((line) => line !== null)
    .join("\n");
}

export function exitOf({ status, result, error }: Pick<JobEndEvent, "status" | "result" | "error">): ExitCode {
  if (status === "succeeded") return EXIT.done;
  const code = result?.code ?? error?.code ?? "";
  return exitFor(code) === EXIT.refused ? EXIT.refused : EXIT.failed;
}

async function followChildren(client: Client, parent: Job, screen: Screen, signal: AbortSignal): Promise<void> {
  const ends = await Promise.all(
    (parent.children ?? []).map(async (child) => ({ child, end: await followOne(client, child.id, child.host, screen, signal) })),
  );
  for (const { child, end } of ends) if (end && end.status !== "succeeded") screen.note(`[${child.host}] ${explain(end)}`);
}

/** The end of a fan-out: its children's, plus the second in which the Fleet hears of it. */
async function parentEnd(client: Client, id: string, signal: AbortSignal): Promise<Job> {
  for (;;) {
    const job = await getJob(client, id);
    if (hasEnded(job.status) || signal.aborted) return job;
    await new Promise((resolve) => setTimeout(resolve, PARENT_POLL_MS));
  }
}

function onInterrupt(client: Client, id: string, screen: Screen, leave: AbortController): () => void {
  let firstAt = 0;
  const interrupt = () => {
    if (firstAt === 0) {
      firstAt = Date.now();
      screen.note("cancelling; Ctrl-C again leaves the job alone");
      cancelJob(client, id).catch((error: unknown) => screen.note(`the job could not be cancelled: ${(error as Error).message}`));
    } else if (Date.now() - firstAt > SAME_KEY_MS) leave.abort();
  };
  process.on("SIGINT", interrupt);
  return () => void process.off("SIGINT", interrupt);
}

/** Shows `job` to its end, sets the exit code, answers the end. `json`: nothing but the ended job. */
export async function follow(client: Client, job: Job, json: boolean): Promise<JobEndEvent> {
  const screen = new Screen(json);
  const leave = new AbortController();
  const forget = onInterrupt(client, job.id, screen, leave);
  try {
    let end: JobEndEvent | null;
    if (json) end = await silently(client, job, leave.signal);
    else if (job.children) {
      await followChildren(client, job, screen, leave.signal);
      const ended = await parentEnd(client, job.id, leave.signal);
      end = hasEnded(ended.status) ? ended : null;
    } else end = await followOne(client, job.id, null, screen, leave.signal);
    screen.end();
    if (end === null) throw new CliFailure(EXIT.failed, `left while the job is being cancelled: \`farhand jobs follow ${job.id}\``);
    if (json) printJson(await getJob(client, job.id));
    else if (end.status !== "succeeded")
      process.stderr.write(`farhand: ${plain(job.children ? `${end.status}, see above` : explain(end))}\n`);
    process.exitCode = exitOf(end);
    return end;
  } finally {
    screen.end();
    forget();
  }
}

async function silently(client: Client, job: Job, signal: AbortSignal): Promise<JobEndEvent | null> {
  if (job.children) {
    const ended = await parentEnd(client, job.id, signal);
    return hasEnded(ended.status) ? ended : null;
  }
  for await (const event of jobEvents(client, job.id, signal, () => {})) if (event.event === "result") return event.data;
  return null;
}
