// Headers of a submission: Prefer (RFC 7240), Idempotency-Key.
import { AppError } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";

const IDEMPOTENCY_KEY = /^[!-~]([ -~]*[!-~])?$/;

/** Printable ASCII, 1 to 255; null when there is none. */
export function idempotencyKeyIn(headers: Headers): string | null {
  const key = headers.get("idempotency-key");
  if (key === null) return null;
  if (key.length > LIMITS.idempotencyKeyChars || !IDEMPOTENCY_KEY.test(key))
    throw new AppError("BODY_INVALID", {
      errors: [{ pointer: "/headers/idempotency-key", message: `must be 1 to ${LIMITS.idempotencyKeyChars} printable characters` }],
    });
  return key;
}

/** Whole seconds of `Prefer: wait=N`, at most a minute; null when nothing that can be honoured is preferred. */
export function waitIn(headers: Headers): number | null {
  const prefer = headers.get("prefer");
  if (prefer === null) return null;
  for (const preference of prefer.split(",")) {
    const seconds = /^\s*wait\s*=\s*"?(\d{1,6})"?\s*(;|$)/i.exec(preference)?.[1];
    if (seconds !== undefined) return Math.min(Number(seconds), LIMITS.waitMaxMs / 1000);
  }
  return null;
}
