// How a relay dials its edge: the settings of each of its sockets, whatever they carry.
import { connect } from "node:net";
import { WebSocket, type ClientOptions } from "ws";
import { LIMITS } from "../../protocol/limits.ts";

export interface DialOptions {
  /** Sent with every dial. */
  readonly headers: Readonly<Record<string, string>>;
  /** The Unix socket of an edge on this machine: what else goes in front of that edge is for others. Absent: the URL's address. */
  readonly edgeSocket?: string;
}

/** Never throws; the caller listens to `error` and `close`. */
export function dial(url: URL, { headers, edgeSocket }: DialOptions): WebSocket {
  return new WebSocket(url, {
    headers,
    perMessageDeflate: false,
    maxPayload: LIMITS.binaryMessageBytes,
    // Text is JSON that is parsed and checked; what is not UTF-8 cannot pass a payload's hash.
    skipUTF8Validation: true,
    followRedirects: false,
    handshakeTimeout: LIMITS.handshakeMs,
    // A mask of zeros spares a copy and a pass over every message. Masks guard against pages that choose what passes a proxy.
    generateMask: (mask) => void mask.fill(0),
    ...(edgeSocket === undefined
      ? {}
      : { createConnection: (() => connect(edgeSocket)) as NonNullable<ClientOptions["createConnection"]> }),
  });
}
