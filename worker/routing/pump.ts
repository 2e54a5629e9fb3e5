// The answer of an exchange on Cloudflare, where a Lane object may be reset under it: this Worker passes the bytes and counts
// them, and attaches to the channel again from the byte that it wants next. Bounded by how long a relay keeps a channel.
import { LIMITS } from "../../protocol/limits.ts";

export interface Pumped {
  readonly body: ReadableStream<Uint8Array>;
  /** Of the answer, when it is known. */
  readonly length: number | null;
  /** The answer from that byte on; null: it cannot be had any more. Throws when the object is not there at this moment. */
  readonly attach: (from: number) => Promise<ReadableStream<Uint8Array> | null>;
  /** Asked every 2 s; false ends the stream with an error. */
  readonly isAllowed: () => Promise<boolean>;
  /** Called once, however it ended. */
  readonly onEnd: () => void;
}

/** Half of what a revocation may take. */
const CHECK_MS = 2_000;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

export function pump({ body, length, attach, isAllowed, onEnd }: Pumped): ReadableStream<Uint8Array> {
  let reader = body.getReader();
  let at = 0;
  let isEnded = false;
  let isStopped = false;
  const finish = (): void => {
    if (isEnded) return;
    isEnded = true;
    clearInterval(timer);
    onEnd();
  };
  const timer = setInterval(() => {
    void isAllowed().then((allowed) => {
      if (allowed) return;
      isStopped = true;
      // A read that waits ends with it.
      void reader.cancel().catch(() => {});
    });
  }, CHECK_MS);
  const next = async (): Promise<ReadableStreamReadResult<Uint8Array>> => {
    for (;;) {
      try {
        return await reader.read();
      } catch (error) {
        if (isEnded || isStopped) throw error;
        reader = await again(() => attach(at), error);
      }
    }
  };
  return new ReadableStream({
    type: "bytes",
    ...(length === null ? {} : { expectedLength: length }),
    async pull(to: ReadableByteStreamController) {
      try {
        const { done, value } = await next();
        if (isStopped) throw new Error("the caller may not read any more");
        if (!done) {
          at += value.length;
          to.enqueue(value);
          return;
        }
        finish();
        to.close();
        to.byobRequest?.respond(0);
      } catch (error) {
        finish();
        void reader.cancel().catch(() => {});
        to.error(error);
      }
    },
    async cancel(reason: unknown) {
      finish();
      await reader.cancel(reason).catch(() => {});
    },
  });
}

/** Attaches, again and again while the object is not there. Rejects with `cause` when the channel cannot be had. */
async function again(
  attach: () => Promise<ReadableStream<Uint8Array> | null>,
  cause: unknown,
): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const deadline = Date.now() + LIMITS.detachMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const body = await attach().catch(() => undefined);
    if (body) return body.getReader();
    if (body === null || Date.now() + pauseMs > deadline) throw cause;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
