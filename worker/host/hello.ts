// Whether a hello on the control socket is good, and newer than the link there is. Pure; changes nothing.
import { HELLO_CONTEXT, parseHelloBody, type HelloBody } from "../../protocol/link/control.ts";
import { checkRelayHello, type HelloRefusal } from "../auth/relay-hello.ts";
import type { Attachment } from "./links.ts";
import type { Identity } from "./meta.ts";

const CONTROL = { context: HELLO_CONTEXT, parse: parseHelloBody };
/** The control socket's. */
const LANE = 0;

/** `storedEpoch`: that of the newest welcomed link. */
export function checkHello(
  hello: { body: string; signature: string },
  at: Attachment,
  { number, publicKey }: Identity,
  storedEpoch: number,
): { body: HelloBody } | HelloRefusal {
  const checked = checkRelayHello(CONTROL, hello, { nonce: at.nonce, epoch: at.epoch, hostNumber: number, lane: LANE, publicKey });
  return "body" in checked && checked.body.epoch <= storedEpoch ? { code: "LINK_EPOCH_STALE" } : checked;
}
