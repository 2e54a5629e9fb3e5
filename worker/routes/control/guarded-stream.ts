// A stream that stays open only while its reader may read: asked again and again, ended within seconds of a revocation.

/** Half of what a revocation may take, less the age of the access data. */
const CHECK_MS = 2_000;

/** `source` ends early, without an error, when `isAllowed` says no; it is cancelled when the reader goes. */
export function guarded(
  source: ReadableStream<Uint8Array>,
  gone: AbortSignal,
  isAllowed: () => Promise<boolean>,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const stop = new AbortController();
  const abort = () => stop.abort();
  gone.addEventListener("abort", abort, { once: true });
  let isAsking = false;
  const check = async () => {
    if (isAsking) return;
    isAsking = true;
    if (!(await isAllowed())) stop.abort();
    isAsking = false;
  };
  const timer = setInterval(() => void check(), CHECK_MS);
  const finish = async () => {
    clearInterval(timer);
    gone.removeEventListener("abort", abort);
    await writable.close().catch(() => {});
  };
  void source.pipeTo(writable, { signal: stop.signal, preventAbort: true, preventClose: true }).then(finish, finish);
  return readable;
}
