// A stream that stays open only while its reader may read: asked again and again, ended within seconds of a revocation.

/** Half of what a revocation may take; the age of the access data is the rest. */
const CHECK_MS = 2_000;

/** `source` ends early, without an error, when `isAllowed` says no; it is cancelled when the reader goes. */
export function guarded(
  source: ReadableStream<Uint8Array>,
  gone: AbortSignal,
  isAllowed: () => Promise<boolean>,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let stop = () => {};
  // The source may say nothing for long: a read that waits must not keep the stream open.
  const stopped = new Promise<{ done: true }>((resolve) => {
    stop = () => resolve({ done: true });
  });
  let isAsking = false;
  const check = async () => {
    if (isAsking) return;
    isAsking = true;
    if (!(await isAllowed())) stop();
    isAsking = false;
  };
  const timer = setInterval(() => void check(), CHECK_MS);
  const finish = () => {
    clearInterval(timer);
    gone.removeEventListener("abort", stop);
    reader.cancel().catch(() => {});
  };
  gone.addEventListener("abort", stop, { once: true });
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await Promise.race([reader.read(), stopped]);
      if (!next.done) {
        controller.enqueue(next.value);
        return;
      }
      finish();
      controller.close();
    },
    cancel: finish,
  });
}
