// What the XML of each domain said when it was read last, so that the same text is not taken apart again. Holds no truth: libvirt
// is asked for the text every time.
import { readDomain, type DomainFacts } from "../domain/facts.ts";
import { parseXml } from "../xml/parse.ts";
import type { XmlElement } from "../xml/tree.ts";
import { pendingNames } from "./pending.ts";

/** Domains of one host; beyond it everything is read anew. */
const DOMAINS_MAX = 4_096;

export interface KnownXml {
  readonly facts: DomainFacts;
  /** null: the domain does not run. */
  readonly running: DomainFacts | null;
  readonly pending: readonly string[];
  /** The agent's channel is open on the guest's side. */
  readonly hasAgent: boolean;
}

interface Entry extends KnownXml {
  readonly definedText: string;
  readonly runningText: string;
}

const isAgentOpen = (root: XmlElement): boolean =>
  (root.find("devices")?.elements("channel") ?? []).some((channel) => {
    const target = channel.find("target");
    return target?.attribute("name") === "org.qemu.guest_agent.0" && target.attribute("state") === "connected";
  });

function read(definedText: string, runningText: string): Entry {
  const defined = parseXml(definedText).root;
  const facts = readDomain(defined);
  const root = runningText === definedText ? defined : parseXml(runningText).root;
  // A domain that is off has no number, and then the text is that of its definition.
  if (root.attribute("id") === null) return { facts, running: null, pending: [], hasAgent: false, definedText, runningText };
  const running = readDomain(root);
  return { facts, running, pending: pendingNames(running, facts), hasAgent: isAgentOpen(root), definedText, runningText };
}

export class KnownXmls {
  readonly #entries = new Map<string, Entry>();

  /** `runningText`: domainGetXmlDesc without the flag for the definition. Throws XmlError. */
  read(uuid: string, definedText: string, runningText: string): KnownXml {
    const old = this.#entries.get(uuid);
    if (old?.definedText === definedText && old.runningText === runningText) return old;
    const entry = read(definedText, runningText);
    if (this.#entries.size >= DOMAINS_MAX) this.#entries.clear();
    this.#entries.set(uuid, entry);
    return entry;
  }

  forget(uuid: string): void {
    this.#entries.delete(uuid);
  }
}
