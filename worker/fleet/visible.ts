// What a caller may see, as travelled from the Worker: host numbers with the patterns of each credential.
import { matchesOperation } from "../../protocol/operations/index.ts";
import type { Visibility } from "./contract.ts";

export type Visible = readonly { number: number; visibility: Visibility }[];

/** Every credential has a pattern for the operation; nobody's list sees nothing. */
export function sees(visibility: Visibility | undefined, operation: string): boolean {
  return (
    visibility !== undefined &&
    visibility.length > 0 &&
    visibility.every((patterns) => patterns.some((pattern) => matchesOperation(pattern, operation)))
  );
}

export const byNumber = (visible: Visible): ReadonlyMap<number, Visibility> =>
  new Map(visible.map(({ number, visibility }) => [number, visibility]));
