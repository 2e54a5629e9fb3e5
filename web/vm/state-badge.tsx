// A virtual machine's state in a word and a colour.
import { Badge } from "../parts/badge.tsx";
import type { VmState } from "./contract.ts";

const TONES = {
  running: "good",
  off: "calm",
  paused: "warn",
  saved: "calm",
  starting: "busy",
  stopping: "busy",
  crashed: "bad",
  unknown: "warn",
} as const satisfies Record<VmState, string>;

export const StateBadge = ({ state }: { readonly state: VmState }) => <Badge tone={TONES[state] ?? "calm"}>{state}</Badge>;
