// Asks a server for the token counts of a stream where the client did not: `stream_options.include_usage` goes into the
// request's JSON, every other byte stays. What cannot be read, or is too large to be held, passes as it came.
import { LIMITS } from "../../protocol/limits.ts";
import { membersOf, type Member } from "./json-members.ts";
import type { BodyTap } from "./tap.ts";

const ASKED = '"stream_options":{"include_usage":true}';

/** The last one counts where a key is repeated, as for every JSON parser in use. */
const last = (members: readonly Member[], key: string) => members.findLast((member) => member.key === key);

function valueOf(bytes: Buffer, member: Member | undefined): unknown {
  if (!member) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8", member.start, member.end));
  } catch {
    return undefined;
  }
}

/** The body that asks for usage; null: it does not stream, asks already, or is not understood. */
export function askForUsage(bytes: Buffer): Buffer | null {
  if (bytes.indexOf("stream") === -1 && bytes.indexOf("\\") === -1) return null;
  const found = membersOf(bytes);
  if (!found || valueOf(bytes, last(found.members, "stream")) !== true) return null;
  const member = last(found.members, "stream_options");
  if (!member) {
    const { open } = found;
    return Buffer.concat([bytes.subarray(0, open + 1), Buffer.from(`${ASKED},`), bytes.subarray(open + 1)]);
  }
  const options = valueOf(bytes, member) ?? {};
  if (typeof options !== "object" || Array.isArray(options) || (options as { include_usage?: unknown }).include_usage === true) return null;
  const asked = Buffer.from(JSON.stringify({ ...options, include_usage: true }));
  return Buffer.concat([bytes.subarray(0, member.start), asked, bytes.subarray(member.end)]);
}

/** Holds a request until it is whole, at most LIMITS.modelScanBytes. `hasAsked` is final when its end was passed. */
export class UsageAsk implements BodyTap {
  readonly changes = true;
  hasAsked = false;
  #held: Uint8Array[] | null = [];
  #bytes = 0;

  push(bytes: Uint8Array): Uint8Array | null {
    if (!this.#held) return bytes;
    this.#held.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes <= LIMITS.modelScanBytes) return null;
    const all = Buffer.concat(this.#held);
    this.#held = null;
    return all;
  }

  end(): Uint8Array | null {
    if (!this.#held) return null;
    const all = Buffer.concat(this.#held);
    this.#held = null;
    const asking = askForUsage(all);
    this.hasAsked = asking !== null;
    return asking ?? all;
  }
}
