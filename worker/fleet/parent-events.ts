// The event stream of a parent: its state and its children's, whenever one changes. Made from the rows, so it survives an
// eviction: an event's id is a digest of what it says, and a reader that comes back with it is told only what is new.
import { createHash } from "node:crypto";
import type { Job } from "../../protocol/api/shapes.ts";
import { done, refused, type Outcome } from "../../protocol/errors.ts";
import { hasEnded } from "../../protocol/job.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { parentRow, toParent } from "./parent-rows.ts";
import type { ParentSteps } from "./parent-steps.ts";
import type { FleetStore } from "./store.ts";

const encoder = new TextEncoder();
const ID_CHARS = 26;

interface ParentEvent {
  readonly event: "status" | "result";
  /** A digest of what it says. */
  readonly id: string;
  readonly data: unknown;
}

function eventOf({ status, children }: Job): ParentEvent {
  const hasResult = hasEnded(status);
  const data = hasResult ? { status, result: null, children } : { status, children };
  const id = createHash("sha256").update(JSON.stringify(data)).digest("hex").slice(0, ID_CHARS).toUpperCase();
  return { event: hasResult ? "result" : "status", id, data };
}

function encode(format: "sse" | "ndjson", { event, id, data }: ParentEvent): Uint8Array {
  if (format === "ndjson") return encoder.encode(`${JSON.stringify({ id, event, data })}\n`);
  return encoder.encode(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** Ends with the parent, after the idle time, or when the reader goes. */
export function parentEvents(
  store: FleetStore,
  steps: ParentSteps,
  id: string,
  after: string | null,
  format: "sse" | "ndjson",
): Outcome<ReadableStream<Uint8Array>> {
  if (!parentRow(store, id)) return refused("JOB_NOT_FOUND");
  let said = after;
  let idle: ReturnType<typeof setTimeout> | undefined;
  let stop = () => {};
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const end = () => {
        stop();
        controller.close();
      };
      const tell = () => {
        const row = parentRow(store, id);
        if (!row) return end();
        const now = eventOf(toParent(store, row));
        if (now.id !== said) controller.enqueue(encode(format, now));
        said = now.id;
        clearTimeout(idle);
        if (now.event === "result") return end();
        idle = setTimeout(end, LIMITS.eventStreamIdleMs);
      };
      const remove = steps.wakers.add(id, tell);
      stop = () => {
        clearTimeout(idle);
        remove();
      };
      tell();
    },
    cancel: () => stop(),
  });
  return done(stream);
}
