// What the host has for a machine: processors, memory, addresses that no other adapter has. Changes nothing.
import { fieldFailure } from "../../virtual/failure.ts";
import type { HostFacts } from "../session.ts";

const gib = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

/**
 * Throws HOST_CPUS_SHORT, HOST_MEMORY_SHORT for what this host could never give. What is free now is for Hyper-V to say at the
 * start: it takes memory back from machines whose memory is dynamic.
 */
export function needRoom(
  { processors, memory_bytes: memory }: HostFacts,
  wanted: { readonly cpus?: number | undefined; readonly memory_bytes?: number | undefined },
): void {
  if ((wanted.cpus ?? 0) > processors) throw fieldFailure("HOST_CPUS_SHORT", "/cpus", `must be at most ${processors} on this host`);
  if ((wanted.memory_bytes ?? 0) > memory)
    throw fieldFailure("HOST_MEMORY_SHORT", "/memory_bytes", `is more than the ${gib(memory)} that the host has`);
}

/** Throws MAC_IN_USE for the first that another adapter has, or one before it in the list. */
export function needFreeMacs({ macs }: HostFacts, wanted: readonly (string | undefined)[], pointerOf: (index: number) => string): void {
  const taken = new Set(macs);
  for (const [index, mac] of wanted.entries()) {
    if (mac === undefined) continue;
    if (taken.has(mac.toLowerCase())) throw fieldFailure("MAC_IN_USE", pointerOf(index), "is that of another network adapter");
    taken.add(mac.toLowerCase());
  }
}
