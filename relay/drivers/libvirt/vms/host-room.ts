// What the host has for a machine: memory and processors, asked before anything is done. libvirt's socket is local, so its host is
// this one.
import { freemem, totalmem } from "node:os";
import { fieldFailure, VmFailure } from "../../virtual/failure.ts";
import type { Session } from "../session.ts";

const gib = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

/** Throws HOST_CPUS_SHORT: a machine with more processors than the host would only wait for itself. */
export async function needCpus(session: Session, cpus: number, machineMax: number): Promise<void> {
  const host = (await session.client.call("nodeGetInfo", {})).cpus;
  const most = Math.min(host, machineMax);
  if (cpus > most) throw fieldFailure("HOST_CPUS_SHORT", "/cpus", `must be at most ${most} on this host`);
}

/** Throws HOST_MEMORY_SHORT for what this host could never give. */
export function needMemoryAtAll(bytes: number, pointer: string): void {
  const most = totalmem();
  if (bytes > most) throw fieldFailure("HOST_MEMORY_SHORT", pointer, `is more than the ${gib(most)} that the host has`);
}

/** Throws HOST_MEMORY_SHORT unless so much can be had now. `pointer` null: it was not asked for in this specification. */
export function needMemoryNow(bytes: number, pointer: string | null): void {
  const free = freemem();
  if (bytes <= free) return;
  const message = `is more than the ${gib(free)} that the host has free`;
  if (pointer !== null) throw fieldFailure("HOST_MEMORY_SHORT", pointer, message);
  throw new VmFailure("HOST_MEMORY_SHORT", `The machine's memory of ${gib(bytes)} ${message}.`);
}
