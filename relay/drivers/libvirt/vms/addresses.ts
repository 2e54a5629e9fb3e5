// Addresses of guests, as far as the host knows them: leases of libvirt's networks, and what the agents in the guests say. Nobody
// waits for an agent: what is known is given at once and asked for anew beside.
import { isIP } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { LibvirtCalls } from "../session.ts";

/** By MAC address in lower case. */
export type AddressesByMac = ReadonlyMap<string, readonly string[]>;

export interface Guest {
  readonly uuid: string;
  readonly macs: readonly string[];
  /** Networks of libvirt that it is on. */
  readonly networks: readonly string[];
  /** Only then the agent is asked. */
  readonly hasAgent: boolean;
}

const LIMITS = {
  /** An answer that is older is asked for anew. */
  freshMs: 5_000,
  /** An agent that did not answer is left alone for this long. */
  silentMs: 30_000,
  /** An agent answers in milliseconds; libvirt would wait for seconds. */
  agentMs: 2_000,
  /** Agents asked at once: each holds a connection of the slow lane. */
  agentsAtOnce: 2,
  /** What a first look waits at most. */
  firstMs: 150,
  guests: 4_096,
  /** Of one adapter. */
  addresses: 32,
} as const;

/** virDomainInterfaceAddressesSource. */
const SOURCE_AGENT = 1;
const NONE: AddressesByMac = new Map();

/** What no other machine can reach is left out, and what is no address: a guest says what it likes. */
const isUseful = (address: string): boolean => isIP(address) !== 0 && !/^(127\.|::1$|fe80:|169\.254\.)|%/i.test(address);

interface Entry {
  leases: AddressesByMac;
  agent: AddressesByMac;
  /** When it is to be asked anew, by performance.now(). */
  leasesDue: number;
  agentDue: number;
  asking: Promise<void> | null;
}

export class GuestAddresses {
  readonly #client: LibvirtCalls;
  readonly #changed: (uuid: string) => void;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: (() => void)[] = [];
  #agentsAsked = 0;

  /** `changed`: other addresses of that machine became known; read it again. */
  constructor(client: LibvirtCalls, changed: (uuid: string) => void) {
    this.#client = client;
    this.#changed = changed;
  }

  /** What is known now. Never rejects, and asks beside what is old. */
  of(guest: Guest): AddressesByMac {
    const entry = this.#entryOf(guest.uuid);
    this.#refresh(guest, entry);
    return merged(guest, entry);
  }

  /** As `of`, but a machine that was never looked at is waited for, a moment at most. */
  async soon(guest: Guest): Promise<AddressesByMac> {
    if (this.#entries.has(guest.uuid)) return this.of(guest);
    const entry = this.#entryOf(guest.uuid);
    this.#refresh(guest, entry);
    if (entry.asking) await Promise.race([entry.asking, sleep(LIMITS.firstMs, undefined, { ref: false })]);
    return merged(guest, entry);
  }

  /** Of a machine that is off or gone. */
  forget(uuid: string): void {
    this.#entries.delete(uuid);
  }

  #entryOf(uuid: string): Entry {
    const known = this.#entries.get(uuid);
    if (known) return known;
    if (this.#entries.size >= LIMITS.guests) this.#entries.clear();
    const entry: Entry = { leases: NONE, agent: NONE, leasesDue: 0, agentDue: 0, asking: null };
    this.#entries.set(uuid, entry);
    return entry;
  }

  #refresh(guest: Guest, entry: Entry): void {
    const now = performance.now();
    if (!guest.hasAgent) entry.agent = NONE;
    const wantsLeases = guest.networks.length > 0 && entry.leasesDue <= now;
    const wantsAgent = guest.hasAgent && entry.agentDue <= now;
    if (entry.asking || (!wantsLeases && !wantsAgent)) return;
    const before = JSON.stringify([...merged(guest, entry)]);
    const asked = [...(wantsLeases ? [this.#askLeases(guest, entry)] : []), ...(wantsAgent ? [this.#askAgent(guest, entry)] : [])];
    entry.asking = Promise.all(asked).then(() => {
      entry.asking = null;
      const isKnown = this.#entries.get(guest.uuid) === entry;
      if (isKnown && JSON.stringify([...merged(guest, entry)]) !== before) this.#changed(guest.uuid);
    });
  }

  async #askLeases({ networks, macs }: Guest, entry: Entry): Promise<void> {
    const found = new Map<string, string[]>();
    const one = async (name: string) => {
      const { network } = await this.#client.call("networkLookupByName", { name });
      const { leases } = await this.#client.call("networkGetDhcpLeases", { network, mac: null, need: true, flags: 0 });
      for (const { mac, address } of leases) if (mac !== null && macs.includes(mac.toLowerCase())) add(found, mac, address);
    };
    await Promise.allSettled(networks.map(one));
    entry.leases = found;
    entry.leasesDue = performance.now() + LIMITS.freshMs;
  }

  async #askAgent({ uuid, macs }: Guest, entry: Entry): Promise<void> {
    if (this.#agentsAsked >= LIMITS.agentsAtOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#agentsAsked += 1;
    const found = new Map<string, string[]>();
    try {
      const domain = { name: "-", uuid, id: -1 };
      const call = { domain, source: SOURCE_AGENT, flags: 0 };
      const { interfaces } = await this.#client.call("domainInterfaceAddresses", call, { timeoutMs: LIMITS.agentMs });
      for (const { mac, addresses } of interfaces)
        if (mac !== null && macs.includes(mac.toLowerCase())) for (const { address } of addresses) add(found, mac, address);
      entry.agent = found;
      entry.agentDue = performance.now() + LIMITS.freshMs;
    } catch {
      entry.agent = NONE;
      entry.agentDue = performance.now() + LIMITS.silentMs;
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#agentsAsked -= 1;
    }
  }
}

function add(found: Map<string, string[]>, mac: string, address: string): void {
  const key = mac.toLowerCase();
  const list = found.get(key) ?? [];
  if (isUseful(address) && address.length <= 64 && !list.includes(address) && list.length < LIMITS.addresses) list.push(address);
  found.set(key, list);
}

/** The agent's word first: it says addresses that no lease has. */
function merged({ macs }: Guest, { agent, leases }: Entry): AddressesByMac {
  if (agent.size === 0 && leases.size === 0) return NONE;
  return new Map(macs.map((mac) => [mac, [...new Set([...(agent.get(mac) ?? []), ...(leases.get(mac) ?? [])])]]));
}
