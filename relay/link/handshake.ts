// Who this relay is, proven to the edge: the answer to its challenge, signed with the key that never leaves this machine.
import { sign, type KeyObject } from "node:crypto";
import { HELLO_CONTEXT, type EdgeMessage, type HelloBody, type MessageOf, type RelayMessage } from "../../protocol/link/control.ts";
import { PRODUCT_VERSION, PROTOCOL_VERSION } from "../../protocol/version.ts";

/** What a host says of itself in a hello. */
export type HostDescription = Pick<HelloBody, "slots" | "labels" | "facts" | "catalogue">;

export interface Identity {
  readonly hostNumber: number;
  readonly privateKey: KeyObject;
}

/** Digest of the agents that this relay carries; none yet. */
const AGENTS_DIGEST = "none";

export function helloFor(
  challenge: MessageOf<EdgeMessage, "challenge">,
  identity: Identity,
  lane: number,
  description: HostDescription,
  owed: Pick<HelloBody, "jobs" | "journal">,
): MessageOf<RelayMessage, "hello"> {
  const body: HelloBody = {
    version: PROTOCOL_VERSION,
    relay_version: PRODUCT_VERSION,
    agents_digest: AGENTS_DIGEST,
    host_number: identity.hostNumber,
    lane,
    nonce: challenge.nonce,
    epoch: challenge.epoch,
    ...description,
    ...owed,
    now: Date.now(),
  };
  const text = JSON.stringify(body);
  const signature = sign(null, Buffer.from(`${HELLO_CONTEXT}\n${text}`), identity.privateKey).toString("base64");
  return { type: "hello", body: text, signature };
}
