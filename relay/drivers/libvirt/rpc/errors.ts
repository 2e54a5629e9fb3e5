// What can go wrong in a call, by number and never by text: libvirt's own error with its names, or a condition of this client.
// Maps nothing to the product's codes (../codes.ts does).
import { errorDomainName, errorName } from "./error-names.ts";

/**
 * `daemon`: libvirt answered with an error · `timeout`: no answer in time · `disconnected`: the connection was lost ·
 * `unreachable`: it could not be made · `protocol`: the daemon answered what is not RPC · `busy`: a bound of this client ·
 * `cancelled`: by the caller's signal · `argument`: what the caller gave cannot be encoded.
 */
export type Condition = "daemon" | "timeout" | "disconnected" | "unreachable" | "protocol" | "busy" | "cancelled" | "argument";

export interface LibvirtErrorDetails {
  /** The procedure's name in the table; absent when the whole connection failed. */
  readonly procedure?: string;
  /** Numbers of virErrorNumber and virErrorDomain; only with `daemon`. */
  readonly number?: number;
  readonly domain?: number;
  /** The request may have reached the daemon, so its effect may have happened. False: nothing was sent. */
  readonly sent?: boolean;
  readonly cause?: unknown;
}

export class LibvirtError extends Error {
  override readonly name = "LibvirtError";
  readonly condition: Condition;
  readonly procedure: string | null;
  /** virErrorNumber without its prefix, such as `NO_DOMAIN`; `ERROR_999` for one that this table does not know; null without. */
  readonly libvirtError: string | null;
  /** virErrorDomain without its prefix, such as `QEMU`. */
  readonly libvirtDomain: string | null;
  readonly number: number | null;
  readonly sent: boolean;

  constructor(condition: Condition, message: string, details: LibvirtErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.condition = condition;
    this.procedure = details.procedure ?? null;
    this.number = details.number ?? null;
    this.libvirtError = details.number === undefined ? null : errorName(details.number);
    this.libvirtDomain = details.domain === undefined ? null : errorDomainName(details.domain);
    this.sent = details.sent ?? true;
  }
}

/** Is this libvirt's own error of that name? */
export function isLibvirtError(error: unknown, name: string): error is LibvirtError {
  return error instanceof LibvirtError && error.libvirtError === name;
}
