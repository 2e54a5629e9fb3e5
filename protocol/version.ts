// The version of the link protocol, and which versions may talk. One integer, one dated line for each bump.

/**
 * 1 (2026-11): control socket (lane 0) with job channels, calls and spool reads; lanes 1 to 8 with stream channels; usage reports.
 */
export const PROTOCOL_VERSION = 1;

/** The product's version, in `hello`, `GET /hosts` and `farhand --version`. */
export const PRODUCT_VERSION = "0.1.0";

/** An edge talks to relays of its own version and the one before (DESIGN 5). */
export function isSupportedVersion(theirs: number, ours: number = PROTOCOL_VERSION): boolean {
  return theirs === ours || (theirs === ours - 1 && theirs >= 1);
}

/** What a refused relay is told. */
export function versionRefusal(theirs: number, ours: number = PROTOCOL_VERSION): string {
  const side = theirs > ours ? "edge" : "relay";
  return `This relay speaks link version ${theirs}; this edge speaks ${ours}${ours > 1 ? ` and ${ours - 1}` : ""}. Update the ${side}.`;
}
