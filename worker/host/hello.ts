// Whether a hello is good: version, signature, shape, and that it answers this socket's challenge. Pure; changes nothing.
import { createPublicKey, verify, type KeyObject } from "node:crypto";
import type { ErrorCode } from "../../protocol/errors.ts";
import { HELLO_CONTEXT, parseHelloBody, type HelloBody } from "../../protocol/link/control.ts";
import { isSupportedVersion, versionRefusal } from "../../protocol/version.ts";
import type { Attachment } from "./links.ts";
import type { Identity } from "./meta.ts";

export type HelloRefusal = { code: ErrorCode; message?: string };

const keys = new Map<string, KeyObject>();
const KEYS_KEPT = 1_000;

function keyOf(base64: string): KeyObject {
  const known = keys.get(base64);
  if (known) return known;
  const key = createPublicKey({ key: Buffer.from(base64, "base64"), format: "der", type: "spki" });
  if (keys.size >= KEYS_KEPT) keys.clear();
  keys.set(base64, key);
  return key;
}

function isSigned(body: string, signature: string, publicKey: string): boolean {
  try {
    return verify(null, Buffer.from(`${HELLO_CONTEXT}\n${body}`), keyOf(publicKey), Buffer.from(signature, "base64"));
  } catch {
    return false;
  }
}

/** The version is read before anything else is believed: another version's hello may have another shape. */
function versionOf(body: string): number | null {
  try {
    const version = (JSON.parse(body) as { version?: unknown } | null)?.version;
    return typeof version === "number" && Number.isInteger(version) && version >= 0 ? version : null;
  } catch {
    return null;
  }
}

/** `storedEpoch`: that of the newest welcomed link. */
export function checkHello(
  hello: { body: string; signature: string },
  at: Attachment,
  identity: Identity,
  storedEpoch: number,
): { body: HelloBody } | HelloRefusal {
  const version = versionOf(hello.body);
  if (version === null) return { code: "LINK_HELLO_INVALID" };
  if (!isSupportedVersion(version)) return { code: "LINK_VERSION_UNSUPPORTED", message: versionRefusal(version) };
  if (!isSigned(hello.body, hello.signature, identity.publicKey)) return { code: "LINK_SIGNATURE_INVALID" };
  const body = parseHelloBody(hello.body);
  if ("error" in body) return { code: "LINK_HELLO_INVALID", message: `The hello is not valid: ${body.error}`.slice(0, 500) };
  if (body.nonce !== at.nonce || body.epoch !== at.epoch) return { code: "LINK_HELLO_INVALID", message: "It answers another challenge." };
  if (body.host_number !== identity.number) return { code: "LINK_HELLO_INVALID", message: "It is of another host." };
  if (body.lane !== 0) return { code: "LINK_HELLO_INVALID", message: "This edge opens lane 0 only." };
  if (body.epoch <= storedEpoch) return { code: "LINK_EPOCH_STALE" };
  return { body };
}
