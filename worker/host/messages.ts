// The relay's control messages after the handshake, each to the part that acts on it. Decides nothing itself.
import { LIMITS } from "../../protocol/limits.ts";
import { parseRelayMessage, type RelayMessage } from "../../protocol/link/control.ts";
import type { Calls } from "./calls.ts";
import { warn, type Core } from "./core.ts";
import type { Delivery } from "./delivery.ts";
import { rememberHost } from "./host-facts.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Links } from "./links.ts";
import type { Machines } from "./machines.ts";
import type { Usage } from "./usage.ts";

/** The longest that a relay may put a job off, and the shortest, so that the two sides do not chase each other. */
const RETRY_MAX_MS = 60_000;
const RETRY_MIN_MS = 100;

/** Who keeps what the relay tells of its own accord. */
export interface Told {
  readonly usage: Usage;
  readonly machines: Machines;
}

export class Messages {
  readonly #core: Core;
  readonly #links: Links;
  readonly #lifecycle: Lifecycle;
  readonly #delivery: Delivery;
  readonly #calls: Calls;
  readonly #told: Told;

  constructor(core: Core, links: Links, lifecycle: Lifecycle, delivery: Delivery, calls: Calls, told: Told) {
    this.#core = core;
    this.#links = links;
    this.#lifecycle = lifecycle;
    this.#delivery = delivery;
    this.#calls = calls;
    this.#told = told;
  }

  /** One text message of the link. Why the socket must be closed, or null. */
  message(ws: WebSocket, text: string): string | null {
    const message = parseRelayMessage(text);
    if ("error" in message) return message.error;
    if (message.type === "hello") return "a second hello";
    if (message.type === "inventory") return this.#told.machines.take(message);
    this.#act(ws, message);
    return null;
  }

  #act(ws: WebSocket, message: Exclude<RelayMessage, { type: "hello" | "inventory" }>): void {
    switch (message.type) {
      case "not_claimed": {
        const job = this.#core.jobs.open().get(message.job_id);
        if (job?.status !== "delivered") {
          warn(this.#core, "a job that is not delivered was given back", { job: message.job_id, status: job?.status ?? null });
          return;
        }
        const retryAfterMs = Math.min(Math.max(message.retry_after_ms, RETRY_MIN_MS), RETRY_MAX_MS, LIMITS.jobTtlMaxMs);
        this.#lifecycle.returned(job, retryAfterMs, message.code);
        this.#delivery.pump();
        return;
      }
      case "call_result":
        this.#calls.answer(message.call_id, message.result);
        return;
      case "catalogue": {
        const link = this.#core.meta.get("link");
        if (link) this.#core.meta.set("link", { ...link, slots: message.slots, labels: message.labels });
        rememberHost(this.#core, message.catalogue, null);
        this.#core.changes.host();
        this.#delivery.pump();
        return;
      }
      case "usage":
        this.#told.usage.take(message);
        this.#links.sendTo(ws, { type: "usage_taken", batch: message.batch });
        return;
      case "probe":
        this.#links.sendTo(ws, { type: "probe_answer", id: message.id, now: Date.now() });
        return;
      case "draining":
        this.#links.drain(ws);
    }
  }
}
