// A job that is cancelled while libvirt copies, which takes no cancel.
import { VmFailure } from "../../virtual/failure.ts";

/** The work's end, or JOB_CANCELLED at once when the signal says so; the work goes on then. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw new VmFailure("JOB_CANCELLED");
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new VmFailure("JOB_CANCELLED"));
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
