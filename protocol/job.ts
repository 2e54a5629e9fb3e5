// The life of a job: its states, the transitions, and who may say each. The edge owns a job until the relay has claimed
// it; the relay's journal owns it after.
import * as z from "zod";

export const JOB_STATES = [
  "held",
  "queued",
  "delivered",
  "running",
  "succeeded",
  "failed",
  "partial",
  "cancelled",
  "expired",
  "unknown",
] as const;
export const jobStateSchema = /* @__PURE__ */ z.enum(JOB_STATES);
export type JobState = z.infer<typeof jobStateSchema>;
export type JobOwner = "edge" | "relay";

interface Transition {
  readonly to: JobState;
  readonly by: readonly JobOwner[];
  readonly when: string;
}

const edge = ["edge"] as const;
const relay = ["relay"] as const;
const both = ["edge", "relay"] as const;

export const TRANSITIONS: Record<JobState, readonly Transition[]> = {
  held: [
    { to: "queued", by: edge, when: "a person or a guest released it" },
    { to: "cancelled", by: edge, when: "cancelled while held" },
    { to: "expired", by: edge, when: "its hold ended, or its time-to-live" },
  ],
  queued: [
    { to: "delivered", by: edge, when: "written, then sent into a free slot" },
    { to: "cancelled", by: both, when: "cancelled before it was sent or claimed, or its host was removed" },
    { to: "expired", by: both, when: "its time-to-live ended before it was sent or claimed" },
    // After `delivered → queued` only: a repeat of the delivery was claimed after all, and its word crossed with "not claimed".
    { to: "running", by: relay, when: "claimed in the journal after all" },
    { to: "succeeded", by: relay, when: "a result, though another delivery was not claimed" },
    { to: "failed", by: relay, when: "a result, though another delivery was not claimed" },
    { to: "partial", by: relay, when: "a result, though another delivery was not claimed" },
    { to: "unknown", by: relay, when: "claimed after all, and its end was not observed" },
  ],
  delivered: [
    { to: "queued", by: relay, when: "the relay says that it did not claim it" },
    { to: "running", by: relay, when: "claimed in the journal" },
    { to: "succeeded", by: relay, when: "a result" },
    { to: "failed", by: relay, when: "a result, or a refusal by the host" },
    { to: "partial", by: relay, when: "a result" },
    { to: "cancelled", by: relay, when: "cancelled before or during the run" },
    { to: "expired", by: relay, when: "its time-to-live ended before the claim" },
    { to: "unknown", by: both, when: "journal lost, host removed, or the end was not observed" },
  ],
  running: [
    { to: "succeeded", by: relay, when: "a result" },
    { to: "failed", by: relay, when: "a result, or its deadline" },
    { to: "partial", by: relay, when: "a result" },
    { to: "cancelled", by: relay, when: "cancelled and its processes gone" },
    { to: "unknown", by: both, when: "journal lost, host removed, or the end was not observed" },
  ],
  unknown: [
    { to: "succeeded", by: relay, when: "a later word of the journal, audited" },
    { to: "failed", by: relay, when: "a later word of the journal, audited" },
    { to: "partial", by: relay, when: "a later word of the journal, audited" },
    { to: "cancelled", by: relay, when: "a later word of the journal, audited" },
    { to: "expired", by: relay, when: "a later word of the journal, audited" },
  ],
  succeeded: [],
  failed: [],
  partial: [],
  cancelled: [],
  expired: [],
};

export function canTransition(from: JobState, to: JobState, by: JobOwner): boolean {
  return TRANSITIONS[from].some((transition) => transition.to === to && transition.by.includes(by));
}

/** Ended: nothing more is expected. `unknown` is ended too, though the journal may correct it. */
export function hasEnded(state: JobState): boolean {
  return state === "unknown" || TRANSITIONS[state].length === 0;
}

/** The state of a parent, from its children's: running until all have ended; unknown if any is; one word when they agree; else partial. */
export function parentState(children: readonly JobState[]): JobState {
  if (children.some((state) => !hasEnded(state)))
    return children.every((state) => state === "queued" || state === "held") ? "queued" : "running";
  const kinds = new Set(children);
  if (kinds.has("unknown")) return "unknown";
  const [only] = kinds;
  return kinds.size === 1 && only ? only : "partial";
}
