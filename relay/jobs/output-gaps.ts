// Which output a channel leaves out: the edge keeps the first and the last MiB of a stream, so a channel that fell behind
// skips to the last MiB; and what the spool did not keep cannot be sent. No I/O.
import type { JobEvent, StreamName } from "../../protocol/link/records.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Extent } from "./spool.ts";

/** Where to go on after `from`, in a stream of `total` bytes so far. */
export function skipTarget(from: number, total: number, extent: Extent): number {
  let to = from;
  if (from >= LIMITS.edgeOutputHeadBytes && total - from > LIMITS.edgeOutputTailBytes) to = total - LIMITS.edgeOutputTailBytes;
  if (to >= extent.head && to < extent.tailStart) to = extent.tailStart;
  return Math.min(to, total);
}

/** The `gap` events for leaving out `from` to `to`: what the spool has is not lost. */
export function gapsOf(stream: StreamName, from: number, to: number, extent: Extent): JobEvent[] {
  const cuts = [extent.head, extent.tailStart].filter((cut) => cut > from && cut < to);
  const edges = [from, ...new Set(cuts), to];
  return edges.slice(1).flatMap((end, index): JobEvent[] => {
    const start = edges[index]!;
    if (start >= end) return [];
    return [{ type: "gap", stream, from: start, to: end, lost: start >= extent.head && start < extent.tailStart }];
  });
}
