// What a change of settings says to people.
import type { Change } from "./changes.ts";

/** "Changed cpus, tpm (after a restart)." Planned: "would change …". */
export function sentenceOf(changes: readonly Change[], planned: boolean): string {
  if (changes.length === 0) return "Everything is so already.";
  const names = changes.map(({ field, needs_restart }) => (needs_restart ? `${field} (after a restart)` : field)).join(", ");
  return `${planned ? "would change" : "Changed"} ${names}.`;
}
