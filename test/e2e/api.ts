// The control plane as the end-to-end tests use it: JSON in, JSON out, and the event stream as a list.
import type { Job } from "../../protocol/api/shapes.ts";
import type { Product } from "../product.ts";

export interface StreamEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export async function json<T>(
  product: Product,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<{ status: number; body: T }> {
  const answer = await product.request(method, path, body, headers);
  return { status: answer.status, body: (answer.body ? JSON.parse(answer.body) : null) as T };
}

/** Submits and waits at most `wait` seconds; the job as it then is. */
export async function submit(
  product: Product,
  operation: string,
  spec: unknown,
  wait = 0,
  headers: Record<string, string> = {},
): Promise<Job> {
  const answer = await json<Job>(
    product,
    "POST",
    `/api/v1/hosts/${product.ready.host}/jobs`,
    { operation, resource_spec: spec },
    { ...(wait ? { prefer: `wait=${wait}` } : {}), ...headers },
  );
  if (answer.status !== 200 && answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

export const exec = (product: Product, argv: readonly string[], wait = 0, more: object = {}): Promise<Job> =>
  submit(product, "command.exec", { argv, ...more }, wait);

export const get = async (product: Product, id: string): Promise<Job> => (await json<Job>(product, "GET", `/api/v1/jobs/${id}`)).body;

/** Polls a condition with a deadline. */
export async function until<T>(
  what: string,
  look: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  ms = 20_000,
): Promise<T> {
  for (const end = Date.now() + ms; ; await new Promise((resolve) => setTimeout(resolve, 25))) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
  }
}

export const ended = (product: Product, id: string, ms?: number): Promise<Job> =>
  until(
    `job ${id} ends`,
    async () => {
      const job = await get(product, id).catch(() => null);
      return job && !["held", "queued", "delivered", "running"].includes(job.status) ? job : null;
    },
    ms,
  );

function parseEvent(block: string): StreamEvent | null {
  const fields = Object.fromEntries(
    block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trimStart()]),
  );
  return fields["event"]
    ? { id: fields["id"] ?? "", event: fields["event"], data: JSON.parse(fields["data"] ?? "null") as Record<string, unknown> }
    : null;
}

/** Follows a job's events to its result; a broken stream continues with Last-Event-ID, as a browser does. */
export async function follow(
  product: Product,
  id: string,
  onEvent: (event: StreamEvent, stop: () => void) => void = () => {},
  after = "",
): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  let last = after;
  const deadline = Date.now() + 90_000;
  while (Date.now() < deadline) {
    const abort = new AbortController();
    try {
      const answer = await fetch(`${product.ready.url}/api/v1/jobs/${id}/events`, {
        headers: { authorization: `Bearer ${product.ready.api_key}`, ...(last ? { "last-event-id": last } : {}) },
        signal: AbortSignal.any([abort.signal, AbortSignal.timeout(60_000)]),
      });
      if (!answer.ok || !answer.body) throw new Error(`${answer.status}`);
      let rest = "";
      for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
        const blocks = (rest + piece).split("\n\n");
        rest = blocks.pop()!;
        for (const event of blocks.map(parseEvent).filter((one) => one !== null)) {
          events.push(event);
          last = event.id;
          onEvent(event, () => abort.abort());
          if (event.event === "result") return events;
        }
      }
    } catch {
      // Broken: the edge is being restarted, or the caller stopped this connection.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no result within 90 s; last events ${JSON.stringify(events.slice(-3))}`);
}

export const textOf = (events: readonly StreamEvent[], stream = "stdout"): string =>
  events
    .filter(({ event, data }) => event === "log" && data["stream"] === stream)
    .map(({ data }) => data["text"] as string)
    .join("");

/** A command's result data; an empty one when there is none, so that a comparison fails and says so. */
export function dataOf(job: Job): { exit_code: number | null; stdout: string; stderr: string; truncated: boolean } {
  return (job.result?.data ?? { exit_code: null, stdout: "", stderr: "", truncated: false }) as ReturnType<typeof dataOf>;
}
