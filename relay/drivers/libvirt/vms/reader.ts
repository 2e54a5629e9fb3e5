// Reads virtual machines for those who look: one in full, all as lines of a list. The state and the definition are libvirt's answer
// of this moment; addresses and what lies on disk are kept for moments (addresses.ts, disk-details.ts).
import { VmFailure } from "../../virtual/failure.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import { isActive, stateOf, type Session, type VmState } from "../session.ts";
import type { Storage } from "../storage/contract.ts";
import { GuestAddresses, type Guest } from "./addresses.ts";
import { DiskDetails, diskView } from "./disk-details.ts";
import { KnownXmls, type KnownXml } from "./known-xml.ts";
import { disksOf, nicsOf, summaryOf, viewOf, type ViewedVm, type VmData, type VmSummary } from "./view.ts";

/** virDomainXMLFlags: VIR_DOMAIN_XML_INACTIVE. Nothing here shows a password, so none is asked for. */
const XML_INACTIVE = 2;
/** virConnectListAllDomainsFlags. */
const LIST = { all: 0, managedSave: 1 << 8, autostart: 1 << 10 } as const;
/** virDomainStatsTypes. */
const STATS_STATE = 1;
/** Domains whose XML is asked for at once: two calls each, well below the client's bound. */
const BATCH = 128;
/** State and definition are asked for side by side: a machine that starts between the two is asked again. */
const TRIES = 3;

/** `unread`: UUIDs of machines of which libvirt did not tell enough; the others are whole. */
export interface Summaries {
  readonly lines: readonly VmSummary[];
  readonly unread: readonly string[];
}

export class VmReader {
  readonly #session: Session;
  readonly #known = new KnownXmls();
  readonly #addresses: GuestAddresses;
  readonly #disks: DiskDetails;
  /** Called when something of a machine became known that no event tells. */
  onNews: (uuid: string) => void = () => {};

  constructor(session: Session, storage: Storage) {
    this.#session = session;
    this.#disks = new DiskDetails(session, storage);
    this.#addresses = new GuestAddresses(session.client, (uuid) => this.onNews(uuid));
  }

  /** After a change through this driver. */
  forget(): void {
    this.#disks.forget();
  }

  /** One round trip while it runs, two while it is off. Throws VM_NOT_FOUND. */
  async get(vm: string): Promise<VmData> {
    const uuid = vm.toLowerCase();
    const read = await this.#read(uuid);
    const viewed = { ...read, addresses: await this.#addressesOf(uuid, read, "soon") };
    const disks = disksOf(viewed).map(async (disk) => diskView(uuid, disk, await this.#disks.of(uuid, disk)));
    return viewOf(viewed, await Promise.all(disks), this.#session.table);
  }

  /** Addresses of the adapters of one machine, by MAC. Waits for no agent. */
  async addressesOf(vm: string): Promise<ViewedVm["addresses"]> {
    const uuid = vm.toLowerCase();
    return this.#addressesOf(uuid, await this.#read(uuid), "soon");
  }

  /** The agent in the guest has opened its channel, as far as libvirt knows. Throws VM_NOT_FOUND. */
  async hasAgent(vm: string): Promise<boolean> {
    return (await this.#read(vm.toLowerCase())).hasAgent;
  }

  /** null: it is not there (any more). */
  async summary(vm: string): Promise<VmSummary | null> {
    const uuid = vm.toLowerCase();
    try {
      const read = await this.#read(uuid);
      return summaryOf({ ...read, addresses: await this.#addressesOf(uuid, read, "now") });
    } catch (error) {
      if (!(error instanceof VmFailure && error.code === "VM_NOT_FOUND")) throw error;
      this.#known.forget(uuid);
      return null;
    }
  }

  /** All of the host, in the order that libvirt has them. Throws when libvirt tells none. */
  async summaries(): Promise<Summaries> {
    const { client } = this.#session;
    const list = (flags: number) => client.call("connectListAllDomains", { need: true, flags });
    const [all, saved, starting, stats] = await Promise.all([
      list(LIST.all),
      list(LIST.managedSave),
      list(LIST.autostart),
      client.call("connectGetAllDomainStats", { domains: [], stats: STATS_STATE, flags: 0 }),
    ]);
    const uuids = ({ domains }: typeof all) => new Set(domains.map((domain) => domain.uuid));
    const [hasSaved, hasAutostart] = [uuids(saved), uuids(starting)];
    const states = new Map(
      stats.records.map(({ domain, parameters }) => [domain.uuid, parameters.find(({ field }) => field === "state.state")?.value]),
    );
    const one = (uuid: string) => {
      const state = stateOf(Number(states.get(uuid) ?? -1), hasSaved.has(uuid));
      return this.#line(uuid, state, hasAutostart.has(uuid));
    };
    const lines: VmSummary[] = [];
    const unread: string[] = [];
    let failure: unknown = null;
    for (let at = 0; at < all.domains.length; at += BATCH) {
      const uuids = all.domains.slice(at, at + BATCH).map(({ uuid }) => uuid);
      for (const [index, answer] of (await Promise.allSettled(uuids.map(one))).entries()) {
        if (answer.status === "fulfilled") lines.push(...(answer.value ? [answer.value] : []));
        else {
          unread.push(uuids[index]!);
          failure ??= answer.reason;
        }
      }
    }
    if (failure !== null && lines.length === 0) throw failure;
    return { lines, unread };
  }

  /** A line from what the lists said; read for itself where that is no longer so. */
  async #line(uuid: string, state: VmState, autostart: boolean): Promise<VmSummary | null> {
    try {
      const known = await this.#xml(uuid, isActive(state));
      if (isActive(state) !== (known.running !== null)) return await this.summary(uuid);
      const read = { ...known, state, autostart };
      return summaryOf({ ...read, addresses: await this.#addressesOf(uuid, read, "now") });
    } catch (error) {
      if (isLibvirtError(error, "NO_DOMAIN")) return null;
      throw error;
    }
  }

  /** libvirt finds a domain by its UUID alone, so nothing is looked up first. */
  async #xml(uuid: string, mayRun: boolean): Promise<KnownXml> {
    const domain = { name: "-", uuid, id: -1 };
    const text = async (flags: number) => (await this.#session.client.call("domainGetXmlDesc", { domain, flags })).xml;
    const [defined, running] = await Promise.all([text(XML_INACTIVE), mayRun ? text(0) : null]);
    return this.#known.read(uuid, defined, running ?? defined);
  }

  async #read(uuid: string): Promise<Omit<ViewedVm, "addresses"> & { readonly hasAgent: boolean }> {
    const domain = { name: "-", uuid, id: -1 };
    for (let left = TRIES; ; left -= 1) {
      try {
        const [state, known, { autostart }] = await Promise.all([
          this.#session.state(domain),
          this.#xml(uuid, true),
          this.#session.client.call("domainGetAutostart", { domain }),
        ]);
        if (isActive(state) === (known.running !== null) || left <= 1) return { ...known, state, autostart };
      } catch (error) {
        if (isLibvirtError(error, "NO_DOMAIN")) throw new VmFailure("VM_NOT_FOUND", undefined, undefined, { cause: error });
        throw error;
      }
    }
  }

  async #addressesOf(
    uuid: string,
    read: Pick<ViewedVm, "facts" | "running"> & { readonly hasAgent: boolean },
    how: "soon" | "now",
  ): Promise<ViewedVm["addresses"]> {
    if (read.running === null) {
      this.#addresses.forget(uuid);
      return new Map();
    }
    const nics = nicsOf(read);
    const networks = nics.flatMap((nic) => (nic.kind === "network" && nic.source !== null ? [nic.source] : []));
    const guest: Guest = { uuid, macs: nics.map((nic) => nic.mac), networks: [...new Set(networks)], hasAgent: read.hasAgent };
    return how === "soon" ? this.#addresses.soon(guest) : this.#addresses.of(guest);
  }
}
