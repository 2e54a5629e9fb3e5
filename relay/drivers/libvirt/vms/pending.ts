// Fields of a machine whose setting waits for a restart, by their names in the contract. Pure.
import { pendingFields, type DomainFacts } from "../domain/facts.ts";

/** What the guest has no part in, or what a running machine changes by itself (its balloon), is not here. */
const NAMES: Partial<Readonly<Record<keyof DomainFacts, string>>> = {
  cpus: "cpus",
  cpusMax: "cpus",
  topology: "cpu_topology",
  memoryMaxBytes: "memory_max_bytes",
  firmware: "firmware",
  secureBoot: "secure_boot",
  tpm: "tpm",
  nested: "nested",
  bootOrder: "boot_order",
  disks: "disks",
  nics: "nics",
};

export function pendingNames(running: DomainFacts, defined: DomainFacts): string[] {
  const names = pendingFields(running, defined).flatMap((field) => NAMES[field as keyof DomainFacts] ?? []);
  // One figure is both at once where memory is not dynamic.
  const isFixed = defined.memoryMaxBytes === defined.memoryBytes;
  return [...new Set(names.map((name) => (name === "memory_max_bytes" && isFixed ? "memory_bytes" : name)))];
}
