// States in a word and a colour: the word alone says it all.
import type { Job } from "../../protocol/api/shapes.ts";

type Tone = "good" | "bad" | "busy" | "calm" | "warn";

const JOB_TONES: Record<Job["status"], Tone> = {
  held: "warn",
  queued: "calm",
  delivered: "busy",
  running: "busy",
  succeeded: "good",
  failed: "bad",
  partial: "warn",
  cancelled: "calm",
  expired: "warn",
  unknown: "warn",
};

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

export const JobBadge = ({ status }: { readonly status: Job["status"] }) => <Badge tone={JOB_TONES[status]}>{status}</Badge>;
export const Presence = ({ online }: { readonly online: boolean }) => (
  <Badge tone={online ? "good" : "calm"}>{online ? "online" : "offline"}</Badge>
);

const RISK_TONES: Readonly<Record<string, Tone>> = { read: "calm", change: "busy", destructive: "bad" };
export const Risk = ({ risk }: { readonly risk: string }) => <Badge tone={RISK_TONES[risk] ?? "calm"}>{risk}</Badge>;
