// Snapshots as the tree that they are, flat for a list. Pure.
import type { Snapshot } from "./contract.ts";

export interface Branch {
  readonly snapshot: Snapshot;
  readonly depth: number;
}

/** Pure. Each after its parent, children of one parent in the order of the list; one whose parent is not there is a root. */
export function branchesOf(items: readonly Snapshot[]): Branch[] {
  const names = new Set(items.map(({ name }) => name));
  const branches: Branch[] = [];
  const seen = new Set<string>();
  const walk = (parent: string | null, depth: number) => {
    for (const snapshot of items) {
      const above = snapshot.parent !== null && names.has(snapshot.parent) ? snapshot.parent : null;
      if (above !== parent || seen.has(snapshot.name)) continue;
      seen.add(snapshot.name);
      branches.push({ snapshot, depth });
      walk(snapshot.name, depth + 1);
    }
  };
  walk(null, 0);
  return branches;
}
