// Whether a relay's hello is good, on whichever socket: version, signature, shape, and that it answers this socket's challenge.
// Pure; changes nothing, and knows no socket.
import { createPublicKey, verify, type KeyObject } from "node:crypto";
import type { ErrorCode } from "../../protocol/errors.ts";
import { isSupportedVersion, versionRefusal } from "../../protocol/version.ts";

export type HelloRefusal = { code: ErrorCode; message?: string };

/** What this socket's hello must say, and whose it must be. */
export interface Expected {
  readonly nonce: string;
  readonly epoch: number;
  readonly hostNumber: number;
  readonly lane: number;
  /** Ed25519, SubjectPublicKeyInfo DER in base64. */
  readonly publicKey: string;
}

/** How one kind of hello is read. `context` is what its signature covers before the body. */
export interface HelloKind<B> {
  readonly context: string;
  readonly parse: (body: string) => B | { error: string };
}

interface Claims {
  readonly nonce: string;
  readonly epoch: number;
  readonly host_number: number;
  readonly lane: number;
}

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

function isSigned(context: string, body: string, signature: string, publicKey: string): boolean {
  try {
    return verify(null, Buffer.from(`${context}\n${body}`), keyOf(publicKey), Buffer.from(signature, "base64"));
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

export function checkRelayHello<B extends Claims>(
  kind: HelloKind<B>,
  hello: { body: string; signature: string },
  expected: Expected,
): { body: B } | HelloRefusal {
  const version = versionOf(hello.body);
  if (version === null) return { code: "LINK_HELLO_INVALID" };
  if (!isSupportedVersion(version)) return { code: "LINK_VERSION_UNSUPPORTED", message: versionRefusal(version) };
  if (!isSigned(kind.context, hello.body, hello.signature, expected.publicKey)) return { code: "LINK_SIGNATURE_INVALID" };
  const body = kind.parse(hello.body);
  if ("error" in body) return { code: "LINK_HELLO_INVALID", message: `The hello is not valid: ${body.error}`.slice(0, 500) };
  if (body.nonce !== expected.nonce || body.epoch !== expected.epoch)
    return { code: "LINK_HELLO_INVALID", message: "It answers another challenge." };
  if (body.host_number !== expected.hostNumber) return { code: "LINK_HELLO_INVALID", message: "It is of another host." };
  if (body.lane !== expected.lane) return { code: "LINK_HELLO_INVALID", message: "It is of another lane." };
  return { body };
}
