// Whether the edge is still there: a heartbeat that the platform answers, a probe that the object answers, and a look at the
// clocks, because after a sleep the socket is dead and no one says so.
import { LIMITS } from "../../protocol/limits.ts";
import { elapsed, momentOf, type Clock, type Moment } from "../jobs/clock.ts";

export interface LivenessOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly ping: () => void;
  /** null: heartbeats are enough. */
  readonly probe: ((id: number) => void) | null;
  /** Once. */
  readonly onDead: (reason: string) => void;
}

const TICK_MS = 5_000;

export class Liveness {
  readonly #options: LivenessOptions;
  #heard: Moment;
  #ticked: Moment;
  #pinged: Moment;
  #probed: Moment;
  #pingAfterMs: number;
  #probeAfterMs: number;
  #probeId = 0;
  #isProbing = false;
  #stop: () => void = () => undefined;

  constructor(options: LivenessOptions) {
    this.#options = options;
    const now = momentOf(options.clock);
    this.#heard = this.#ticked = this.#pinged = this.#probed = now;
    this.#pingAfterMs = this.#jittered(LIMITS.heartbeatMs);
    this.#probeAfterMs = this.#jittered(LIMITS.probeMs);
    this.#schedule();
  }

  /** Anything arrived. */
  heard(): void {
    this.#heard = momentOf(this.#options.clock);
  }

  /** How many milliseconds the answer took; null for an answer to a probe that is not open. */
  answered(id: number): number | null {
    if (!this.#isProbing || id !== this.#probeId) return null;
    this.#isProbing = false;
    return elapsed(this.#options.clock, this.#probed);
  }

  stop(): void {
    this.#stop();
  }

  #jittered(ms: number): number {
    return ms * (0.8 + 0.2 * this.#options.random());
  }

  #schedule(): void {
    this.#stop = this.#options.clock.after(TICK_MS, () => this.#tick());
  }

  #tick(): void {
    const { clock, onDead } = this.#options;
    if (elapsed(clock, this.#ticked) > TICK_MS + LIMITS.heartbeatDeadMs) return onDead("this machine slept");
    if (elapsed(clock, this.#heard) > LIMITS.heartbeatDeadMs) return onDead("nothing was heard of the edge");
    if (this.#isProbing && elapsed(clock, this.#probed) > LIMITS.heartbeatDeadMs) return onDead("the edge did not answer a probe");
    const now = momentOf(clock);
    this.#ticked = now;
    if (elapsed(clock, this.#pinged) >= this.#pingAfterMs) {
      this.#pinged = now;
      this.#pingAfterMs = this.#jittered(LIMITS.heartbeatMs);
      this.#options.ping();
    }
    const { probe } = this.#options;
    if (probe && !this.#isProbing && elapsed(clock, this.#probed) >= this.#probeAfterMs) {
      this.#probed = now;
      this.#probeAfterMs = this.#jittered(LIMITS.probeMs);
      this.#isProbing = true;
      this.#probeId += 1;
      probe(this.#probeId);
    }
    this.#schedule();
  }
}
