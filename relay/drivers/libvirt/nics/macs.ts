// Addresses of adapters: whether one is taken on this host, new ones, and that two machines do not get the same at once.
import { randomBytes } from "node:crypto";
import { VmFailure } from "../../virtual/failure.ts";
import { readNics } from "../domain/devices.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import type { DomainRef } from "../rpc/types.ts";
import type { LibvirtCalls, Session } from "../session.ts";

/** QEMU's own prefix, as every tool of libvirt mints them. */
const PREFIX = "52:54:00";
/** Domains whose XML is asked for at once. */
const BATCH = 64;

async function macsOf(session: Session, domain: DomainRef): Promise<string[]> {
  const read = async (which: "running" | "defined") => readNics(await session.xml(domain, which)).map((nic) => nic.mac);
  try {
    const both = await Promise.all([read("defined"), ...(domain.id < 0 ? [] : [read("running")])]);
    return both.flat();
  } catch (error) {
    // It went away since the list was made.
    if (isLibvirtError(error, "NO_DOMAIN")) return [];
    throw error;
  }
}

/** Addresses of every adapter of the host but those of `except` (a machine's UUID), in lower case. */
export async function macsInUse(session: Session, except: string | null = null): Promise<Set<string>> {
  const domains = (await session.all()).filter((domain) => domain.uuid !== except?.toLowerCase());
  const macs = new Set<string>();
  for (let at = 0; at < domains.length; at += BATCH) {
    const lists = await Promise.all(domains.slice(at, at + BATCH).map((domain) => macsOf(session, domain)));
    for (const mac of lists.flat()) macs.add(mac);
  }
  return macs;
}

/** A new one, which is `taken` from then on. */
export function mintMac(taken: Set<string>): string {
  for (;;) {
    const mac = [PREFIX, ...[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
    if (taken.has(mac)) continue;
    taken.add(mac);
    return mac;
  }
}

/** Takes an address that was asked for, or throws MAC_IN_USE. */
export function claimMac(taken: Set<string>, wanted: string, pointer: string): string {
  const mac = wanted.toLowerCase();
  if (taken.has(mac)) throw new VmFailure("MAC_IN_USE", undefined, [{ pointer, message: "is that of another network adapter" }]);
  taken.add(mac);
  return mac;
}

/** One after the other for a connection: libvirt would define two machines of one address. */
const turns = new WeakMap<LibvirtCalls, Promise<unknown>>();

/** Defines a machine whose adapters have these addresses, when they are still free right before. Throws MAC_IN_USE. */
export async function withFreeMacs<T>(
  session: Session,
  wanted: readonly { readonly mac: string; readonly pointer: string }[],
  define: () => Promise<T>,
): Promise<T> {
  if (wanted.length === 0) return define();
  const { client } = session;
  const mine = (turns.get(client) ?? Promise.resolve()).then(async () => {
    const taken = await macsInUse(session);
    for (const { mac, pointer } of wanted) claimMac(taken, mac, pointer);
    return define();
  });
  turns.set(
    client,
    mine.catch(() => undefined),
  );
  return mine;
}
