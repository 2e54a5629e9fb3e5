// A job's events as they come, over as many connections as that takes: a broken one continues after the last event seen, so
// nothing is lost or repeated.
import type { IncomingMessage } from "node:http";
import type { JobResult } from "../protocol/envelope.ts";
import type { JobState } from "../protocol/job.ts";
import type { StreamName } from "../protocol/link/records.ts";
import type { Client } from "./client.ts";
import { CliFailure, EXIT } from "./failure.ts";
import { segment } from "./session.ts";

export type StreamEvent =
  | { readonly event: "status"; readonly data: { readonly status: JobState; readonly at: string } }
  | { readonly event: "log"; readonly data: { readonly stream: StreamName; readonly offset: number; readonly text: string } }
  | { readonly event: "log"; readonly data: { readonly level: string; readonly message: string } }
  | { readonly event: "progress"; readonly data: { readonly percent: number | null; readonly message: string } }
  | {
      readonly event: "gap";
      readonly data: { readonly stream: StreamName; readonly from: number; readonly to: number; readonly lost: boolean };
    }
  | { readonly event: "result"; readonly data: JobEndEvent };

export interface JobEndEvent {
  readonly status: JobState;
  readonly result: JobResult | null;
  readonly error?: { readonly code: string; readonly message: string; readonly remedy: string } | undefined;
}

/** The edge says something at least every 15 s. */
const SILENT_MS = 45_000;
/** How long an edge may be away before a follower gives up. */
const AWAY_MS = 120_000;
const RETRY_MAX_MS = 5_000;
/** One event carries at most a result with two tails of 64 KiB, which JSON may grow sixfold. */
const EVENT_CHARS = 4 * 1024 * 1024;

interface Raw {
  id: string | null;
  event: string;
  data: string;
}

/** Events of one connection. Ends, or throws, when it does. */
async function* parse(response: IncomingMessage): AsyncGenerator<Raw> {
  response.setEncoding("utf8");
  response.setTimeout(SILENT_MS, () => response.destroy(new Error("the edge fell silent")));
  let text = "";
  for await (const piece of response as AsyncIterable<string>) {
    text += piece;
    let end = text.indexOf("\n\n");
    for (; end >= 0; end = text.indexOf("\n\n")) {
      const raw: Raw = { id: null, event: "message", data: "" };
      for (const line of text.slice(0, end).split("\n")) {
        if (line.startsWith("id: ")) raw.id = line.slice(4);
        else if (line.startsWith("event: ")) raw.event = line.slice(7);
        else if (line.startsWith("data: ")) raw.data += line.slice(6);
      }
      text = text.slice(end + 2);
      if (raw.data !== "") yield raw;
    }
    if (text.length > EVENT_CHARS) throw new CliFailure(EXIT.failed, "The edge sent an event that is too large.");
  }
}

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });

/** Rejects with a {@link CliFailure} only for what another attempt will not change. */
async function openEvents(client: Client, id: string, last: string | null): Promise<IncomingMessage> {
  const headers: Record<string, string> = { accept: "text/event-stream", ...(last === null ? {} : { "last-event-id": last }) };
  const response = await client.open("GET", `/api/v1/jobs/${segment(id)}/events`, { headers });
  const status = response.statusCode ?? 0;
  if (status === 200) return response;
  const failure = await client.refusal(response);
  // An edge that starts, or stands behind a gateway, answers so for a while.
  if (status < 500 && status !== 429) throw failure;
  throw new Error(failure.message.split("\n")[0]);
}

/** Everything of a job from its first event to its result. Ends without one only when `signal` aborts. */
export async function* jobEvents(
  client: Client,
  id: string,
  signal: AbortSignal,
  broken: (why: string) => void,
): AsyncGenerator<StreamEvent> {
  let last: string | null = null;
  let awaySince: number | null = null;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const response = await openEvents(client, id, last);
      const abort = () => response.destroy();
      signal.addEventListener("abort", abort, { once: true });
      for await (const raw of parse(response)) {
        awaySince = null;
        failures = 0;
        last = raw.id ?? last;
        const event = { event: raw.event, data: JSON.parse(raw.data) as unknown } as StreamEvent;
        yield event;
        if (event.event === "result") return;
      }
      signal.removeEventListener("abort", abort);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof CliFailure) throw error;
      awaySince ??= Date.now();
      if (Date.now() - awaySince > AWAY_MS)
        throw new CliFailure(EXIT.unreachable, `The edge has not answered for 2 minutes. The job goes on: \`farhand jobs follow ${id}\`.`, {
          cause: error,
        });
      if (failures === 0) broken((error as Error).message);
      await pause(Math.random() * Math.min(RETRY_MAX_MS, 250 * 2 ** failures++), signal);
    }
  }
}
