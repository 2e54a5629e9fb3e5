// What the journal and its thread say to each other. Types only: the thread imports nothing at run time.
import type { MessagePort } from "node:worker_threads";

export interface ThreadData {
  readonly file: string;
  readonly port: MessagePort;
  /** Counts requests; the thread sleeps on it. */
  readonly wake: Int32Array;
  readonly keepAcknowledged: number;
  readonly keepTombstones: number;
  /** For tests: every commit takes this much longer. */
  readonly commitDelayMs: number;
}

export interface JournalRow {
  readonly id: string;
  readonly payload_hash: string;
  readonly operation: string;
  readonly correlation_id: string;
  /** The job's `result` event as JSON; null while it has not ended. */
  readonly end: string | null;
  /** 0 or 1: the edge has the end. */
  readonly acknowledged: number;
}

/** A job whose end the edge has not acknowledged. Without the end itself: together they may be more than memory. */
export interface OpenRow {
  readonly id: string;
  /** 0 or 1: its end is stored. */
  readonly ended: number;
}

export interface ClaimRequest {
  readonly type: "claim";
  readonly id: string;
  readonly payloadHash: string;
  readonly operation: string;
  readonly correlationId: string;
  /** An end that is known already (a refusal): claimed and ended in one. */
  readonly end: string | null;
  /** The end to store when a cancel came before. */
  readonly cancelledEnd: string;
}

export type JournalAct =
  | ClaimRequest
  | { readonly type: "finish"; readonly id: string; readonly end: string }
  | { readonly type: "tombstone" | "acknowledged" | "find"; readonly id: string }
  | { readonly type: "open" | "close" };

/** `n` numbers the requests. */
export type JournalRequest = JournalAct & { readonly n: number };

export interface JournalAnswer {
  readonly n: number;
  readonly error?: string;
  readonly known?: JournalRow | null;
  readonly cancelled?: boolean;
  readonly highWater?: number;
  readonly row?: JournalRow | null;
  readonly open?: readonly OpenRow[];
  readonly identity?: string;
}
