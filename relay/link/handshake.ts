// Who this relay is, proven to the edge: the answer to its challenge, signed with the key that never leaves this machine.
import { sign, type KeyObject } from "node:crypto";
import { HELLO_CONTEXT, type EdgeMessage, type HelloBody, type MessageOf, type RelayMessage } from "../../protocol/link/control.ts";
import { LANE_HELLO_CONTEXT, type LaneHelloBody } from "../../protocol/link/lane.ts";
import { PRODUCT_VERSION, PROTOCOL_VERSION } from "../../protocol/version.ts";
import { agentsDigest } from "../drivers/hyperv/bundle.ts";

/** What a host says of itself in a hello. */
export type HostDescription = Pick<HelloBody, "slots" | "labels" | "facts" | "catalogue">;

export interface Identity {
  readonly hostNumber: number;
  readonly privateKey: KeyObject;
}

type Challenge = MessageOf<EdgeMessage, "challenge">;
type Hello = MessageOf<RelayMessage, "hello">;

const CONTROL_LANE = 0;

function signed(context: string, body: HelloBody | LaneHelloBody, { privateKey }: Identity): Hello {
  const text = JSON.stringify(body);
  const signature = sign(null, Buffer.from(`${context}\n${text}`), privateKey).toString("base64");
  return { type: "hello", body: text, signature };
}

/** Which relay answers which challenge. */
const answer = (challenge: Challenge, { hostNumber }: Identity) => ({
  version: PROTOCOL_VERSION,
  relay_version: PRODUCT_VERSION,
  host_number: hostNumber,
  nonce: challenge.nonce,
  epoch: challenge.epoch,
});

export function helloFor(
  challenge: Challenge,
  identity: Identity,
  description: HostDescription,
  owed: Pick<HelloBody, "jobs" | "journal">,
): Hello {
  const said = { ...answer(challenge, identity), agents_digest: agentsDigest(), lane: CONTROL_LANE, now: Date.now() };
  return signed(HELLO_CONTEXT, { ...said, ...description, ...owed }, identity);
}

export function laneHelloFor(challenge: Challenge, identity: Identity, lane: number, channels: LaneHelloBody["channels"]): Hello {
  return signed(LANE_HELLO_CONTEXT, { ...answer(challenge, identity), lane, channels }, identity);
}
