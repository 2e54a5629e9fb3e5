// Looking on while libvirt copies: it tells no progress and takes no cancel. Changes nothing.
import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { VmFailure } from "../../virtual/failure.ts";
import type { Ask } from "../session.ts";
import type { Volume } from "./contract.ts";

const PROGRESS_MS = 500;

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

/** Tells how far a copy is by how large its file is. Never throws. */
export async function watchCopy({ path, file }: Volume, expectedBytes: number, ask: Ask, stopped: AbortSignal): Promise<void> {
  const waited = () => sleep(PROGRESS_MS, true, { signal: stopped }).catch(() => false);
  while (await waited()) {
    const written = await stat(path).then(
      ({ blocks }) => blocks * 512,
      () => 0,
    );
    if (!stopped.aborted) ask.progress(Math.min(99, Math.floor((written / Math.max(1, expectedBytes)) * 100)), `Copies to ${file}`);
  }
}
