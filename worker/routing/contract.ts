// One exchange with a service of a host, as the surfaces use it: routing/exchange.ts opens the channel, pumps the answer where
// objects are reset (Cloudflare), passes it untouched where they are not (embedded), and ends it within 5 s of a revocation.
import type { OpenOf } from "../../protocol/link/lane.ts";
import type { Incoming, Access } from "../routes/call.ts";
import type { SnapshotHost } from "../fleet/contract.ts";
import type { LaneRefusal } from "../lane/contract.ts";

export interface ExchangeInput extends Incoming {
  readonly access: Access;
  readonly host: SnapshotHost;
  /** Everything of the open but what exchange.ts fills in. Headers are filtered by it: hop-by-hop, credentials, cookies, Origin, Referer. */
  readonly open: Pick<OpenOf<"http">, "service" | "method" | "path" | "dialect" | "model" | "surface" | "manage">;
  /** Null: no body. A stream is passed on as it comes; bytes that were read already may be sent again to another host. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  /** Of the body, when it is known. */
  readonly contentLength: number | null;
  /** Instead of the request's own; the filter applies. */
  readonly headers?: Headers;
  /**
   * Breaks off the exchange. A body that fails must use it: an object sees a stream that failed in the Worker as one that ended
   * (workerd), so half a body would pass for a whole one.
   */
  readonly signal?: AbortSignal;
  /** Asked again every 2 s while the answer streams: throws AppError when the caller may not any more. */
  readonly still: () => void;
}

export type ExchangeResult = { readonly response: Response } | { readonly refused: LaneRefusal };

/** Never throws for what a relay or an upstream does. The response has `x-farhand-host` and `x-request-id`. */
export type Exchange = (input: ExchangeInput) => Promise<ExchangeResult>;
