// What every operation of this driver works with: the client, the host's table, and reading domains. Knows no operation.
import type { JobContext } from "../contract.ts";
import { VmFailure } from "../virtual/failure.ts";
import { isActive, type VmState } from "../virtual/power.ts";
import { codeOf } from "./codes.ts";
import { pendingFields, readDomain, type DomainFacts } from "./domain/facts.ts";
import type { LibvirtClient } from "./rpc/client.ts";
import { isLibvirtError, LibvirtError } from "./rpc/errors.ts";
import type { DomainRef } from "./rpc/types.ts";
import type { LibvirtTable } from "./tables.ts";
import { parseXml } from "./xml/parse.ts";
import type { XmlElement } from "./xml/tree.ts";

/** What is used of the client; a test puts one between that fails. */
export type LibvirtCalls = Pick<LibvirtClient, "call" | "openStream">;

export { isActive, type VmState };

/** virDomainXMLFlags. Secure: with passwords, so that a definition that is written again keeps them. */
const XML_SECURE = 1;
const XML_INACTIVE = 2;

/** State and definition are answers of two moments: a machine that starts between them is asked again. */
const READ_TRIES = 3;

/** virDomainState. */
export const DOMAIN_STATE = { none: 0, running: 1, blocked: 2, paused: 3, shutdown: 4, off: 5, crashed: 6, suspended: 7 } as const;

/** A domain as it is now: its definition, and what runs where something runs. */
export interface ReadVm {
  readonly domain: DomainRef;
  /** What it is defined to be: what changes are made to. Not shared: may be edited. */
  readonly defined: XmlElement;
  readonly facts: DomainFacts;
  /** null: nothing runs. Devices plugged into it alone are here and not in `facts`. */
  readonly running: DomainFacts | null;
  readonly state: VmState;
  /** Fields of `facts` that wait for a restart. */
  readonly pending: readonly string[];
}

/** Errors of the client in the product's terms; null: not one of them. */
export function explainLibvirt(error: unknown): VmFailure | null {
  return error instanceof LibvirtError ? new VmFailure(codeOf(error), error.message, undefined, { cause: error }) : null;
}

export class Session {
  readonly client: LibvirtCalls;
  readonly table: LibvirtTable;

  constructor(client: LibvirtCalls, table: LibvirtTable) {
    this.client = client;
    this.table = table;
  }

  /** Throws VM_NOT_FOUND. */
  async find(vm: string): Promise<DomainRef> {
    try {
      return (await this.client.call("domainLookupByUuid", { uuid: vm.toLowerCase() })).domain;
    } catch (error) {
      if (isLibvirtError(error, "NO_DOMAIN")) throw new VmFailure("VM_NOT_FOUND", undefined, undefined, { cause: error });
      throw error;
    }
  }

  async all(): Promise<readonly DomainRef[]> {
    return (await this.client.call("connectListAllDomains", { need: true, flags: 0 })).domains;
  }

  async state(domain: DomainRef): Promise<VmState> {
    const { state } = await this.client.call("domainGetState", { domain, flags: 0 });
    if (state !== DOMAIN_STATE.off) return stateOf(state, false);
    return stateOf(state, (await this.client.call("domainHasManagedSaveImage", { domain, flags: 0 })).exists);
  }

  async xml(domain: DomainRef, which: "running" | "defined"): Promise<XmlElement> {
    const flags = XML_SECURE | (which === "defined" ? XML_INACTIVE : 0);
    return parseXml((await this.client.call("domainGetXmlDesc", { domain, flags })).xml).root;
  }

  /**
   * Everything of one machine, in one round trip while it runs and two while it is off: libvirt finds a domain by its UUID alone,
   * so nothing is looked up first, and what runs is asked for whether something runs or not. Throws VM_NOT_FOUND.
   */
  async read(vm: string): Promise<ReadVm> {
    const uuid = vm.toLowerCase();
    const ref = { name: "-", uuid, id: -1 };
    for (let left = READ_TRIES; ; left -= 1) {
      try {
        const [state, defined, now] = await Promise.all([this.state(ref), this.xml(ref, "defined"), this.xml(ref, "running")]);
        // A domain that is off has no number.
        const id = now.attribute("id");
        // It started or stopped between the answers.
        if (isActive(state) !== (id !== null) && left > 1) continue;
        const facts = readDomain(defined);
        const running = id === null ? null : readDomain(now);
        const domain = { name: facts.name, uuid, id: Number(id ?? -1) };
        return { domain, defined, facts, running, state, pending: running ? pendingFields(running, facts) : [] };
      } catch (error) {
        if (isLibvirtError(error, "NO_DOMAIN")) throw new VmFailure("VM_NOT_FOUND", undefined, undefined, { cause: error });
        throw error;
      }
    }
  }

  /** Refuses unless the machine is in one of the states. `doing` completes "… must be off". */
  need(state: VmState, allowed: readonly VmState[], doing: string): void {
    if (!allowed.includes(state)) throw new VmFailure("VM_STATE_INVALID", `The virtual machine is ${state}; ${doing}.`);
  }
}

const STATES: Readonly<Record<number, VmState>> = {
  [DOMAIN_STATE.running]: "running",
  [DOMAIN_STATE.blocked]: "running",
  [DOMAIN_STATE.paused]: "paused",
  [DOMAIN_STATE.shutdown]: "stopping",
  [DOMAIN_STATE.crashed]: "crashed",
  [DOMAIN_STATE.suspended]: "paused",
};

/** The contract's word for a virDomainState. */
export function stateOf(state: number, hasManagedSave: boolean): VmState {
  if (state === DOMAIN_STATE.off) return hasManagedSave ? "saved" : "off";
  return STATES[state] ?? "unknown";
}

/** What a handler's module of this driver is made of. */
export type Ask = Pick<JobContext, "request" | "signal" | "progress" | "log">;
