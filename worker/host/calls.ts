// Calls: read operations answered at once by a connected host. Nothing is written; a late answer is dropped.
import type { JobResult } from "../../protocol/envelope.ts";
import { done, refused, type Outcome } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { findOperation } from "../../protocol/operations/index.ts";
import type { CallInput } from "./contract.ts";
import type { Links } from "./links.ts";

export class Calls {
  readonly #links: Links;
  readonly #waiting = new Map<number, (outcome: Outcome<JobResult>) => void>();
  /** Begins anywhere: an instance must not take an answer to a call of the one before. */
  #next = crypto.getRandomValues(new Uint32Array(1))[0]! + 1;

  constructor(links: Links) {
    this.#links = links;
  }

  async call(input: CallInput): Promise<Outcome<JobResult>> {
    if (this.#waiting.size >= LIMITS.callsInFlight) return refused("RATE_LIMITED", { retryAfterMs: 1_000 });
    const id = this.#next;
    this.#next += 1;
    const timeoutMs = Math.min(findOperation(input.operation)?.timeoutMs.default ?? LIMITS.callTimeoutMs, LIMITS.callTimeoutMs);
    return await new Promise<Outcome<JobResult>>((resolve) => {
      const timer = setTimeout(() => this.#settle(id, refused("LINK_TIMEOUT")), timeoutMs);
      this.#waiting.set(id, (outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      });
      const isSent = this.#links.send({
        type: "call",
        call_id: id,
        operation: input.operation,
        resource_spec: input.resourceSpec,
        timeout_ms: timeoutMs,
        correlation_id: input.actor.requestId.slice(0, LIMITS.correlationIdChars),
      });
      if (!isSent) this.#settle(id, refused("HOST_OFFLINE"));
    });
  }

  #settle(id: number, outcome: Outcome<JobResult>): void {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    settle?.(outcome);
  }

  /** `result` passed the schema with the message that brought it. */
  answer(id: number, result: JobResult): void {
    this.#settle(id, done(result));
  }

  /** The link is gone, and with it every answer. */
  lost(): void {
    for (const id of this.#waiting.keys()) this.#settle(id, refused("HOST_OFFLINE"));
  }
}
