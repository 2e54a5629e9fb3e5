// Notices a peer that went silent: pings after a silence, gives up after several without an answer. Anything that arrives is
// an answer. Sends nothing itself.
import { RPC_LIMITS } from "./limits.ts";

export interface KeepaliveActions {
  ping(): void;
  /** The socket is not being read because a stream's reader is slow: its silence says nothing. */
  isPaused(): boolean;
  onDead(): void;
}

export class Keepalive {
  readonly #actions: KeepaliveActions;
  readonly #timer: NodeJS.Timeout;
  #hasHeard = true;
  #misses = 0;

  constructor(actions: KeepaliveActions, intervalMs: number = RPC_LIMITS.keepaliveMs) {
    this.#actions = actions;
    this.#timer = setInterval(() => this.#tick(), intervalMs);
    this.#timer.unref();
  }

  heard(): void {
    this.#hasHeard = true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    if (this.#hasHeard || this.#actions.isPaused()) {
      this.#hasHeard = false;
      this.#misses = 0;
      return;
    }
    this.#misses += 1;
    if (this.#misses > RPC_LIMITS.keepaliveMisses) this.#actions.onDead();
    else this.#actions.ping();
  }
}
