// Where a libvirt URI leads: a unix socket on this machine, and the URI that the daemon is asked to open. Other transports are
// refused: a relay drives the machine that it runs on.
import { join } from "node:path";

export interface LibvirtAddress {
  /** Paths of the daemon's socket in the order of choice; the first that answers is taken. */
  readonly sockets: readonly string[];
  /** What the daemon opens, without transport and query. */
  readonly uri: string;
}

/** Daemons in the order of choice: a modular one for QEMU, then the monolithic one or its proxy. */
const SOCKETS = ["virtqemud-sock", "libvirt-sock"] as const;

/**
 * `qemu:///system`, `qemu:///session`, either with `+unix` and `?socket=`, and `test+unix:///default?socket=`.
 * Throws TypeError with a sentence for people.
 */
export function resolveAddress(uri: string, environment: NodeJS.ProcessEnv = process.env): LibvirtAddress {
  const parsed = URL.canParse(uri) ? new URL(uri) : null;
  const scheme = /^(qemu|test)(\+unix)?:$/.exec(parsed?.protocol ?? "");
  if (!parsed || !scheme) throw new TypeError("must be qemu:///system, qemu:///session or the same with +unix and ?socket=");
  if (parsed.host !== "") throw new TypeError("must not name another machine: run a relay there");
  const opened = `${scheme[1]}://${parsed.pathname}`;
  const given = parsed.searchParams.get("socket");
  if (given !== null) return { sockets: [given], uri: opened };
  if (scheme[1] === "test") throw new TypeError("a test hypervisor needs ?socket=");
  return { sockets: defaultSockets(parsed.pathname, environment), uri: opened };
}

function defaultSockets(path: string, environment: NodeJS.ProcessEnv): string[] {
  if (path !== "/system" && path !== "/session") throw new TypeError("must end in /system or /session");
  const runtime = environment["XDG_RUNTIME_DIR"] ?? `/run/user/${process.getuid?.() ?? 0}`;
  const folder = path === "/system" ? "/run/libvirt" : join(runtime, "libvirt");
  return SOCKETS.map((name) => join(folder, name));
}
