// Whether a hello on a lane's socket is good, and newer than the link there is. Pure; changes nothing.
import { parseRelayMessage } from "../../protocol/link/control.ts";
import { LANE_HELLO_CONTEXT, laneHelloBodySchema, type LaneHelloBody } from "../../protocol/link/lane.ts";
import { checkRelayHello, type HelloRefusal } from "../auth/relay-hello.ts";
import type { RelayAttachment } from "./relay-socket.ts";

function parse(body: string): LaneHelloBody | { error: string } {
  const parsed = laneHelloBodySchema.safeParse(JSON.parse(body));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return { error: `/${issue?.path.join("/") ?? ""}: ${issue?.message ?? "invalid"}` };
}

const LANE = { context: LANE_HELLO_CONTEXT, parse };

/** `newestEpoch`: that of the link there is. Null: this is no hello at all. */
export function checkLaneHello(
  message: string | ArrayBuffer,
  at: RelayAttachment,
  newestEpoch: number,
): { body: LaneHelloBody } | HelloRefusal | null {
  const hello = typeof message === "string" ? parseRelayMessage(message) : null;
  if (!hello || "error" in hello || hello.type !== "hello") return null;
  const checked = checkRelayHello(LANE, hello, at);
  return "body" in checked && checked.body.epoch <= newestEpoch ? { code: "LINK_EPOCH_STALE" } : checked;
}
