// The calls that make an update: the definition as a whole, and what a running machine takes at once. Decides nothing.
import { VmFailure } from "../../../virtual/failure.ts";
import type { DomainRef } from "../../rpc/types.ts";
import type { EditedField, Reach } from "../../domain/edit.ts";
import { metadataArguments, readMetadata } from "../../domain/metadata.ts";
import type { Session } from "../../session.ts";
import type { XmlElement } from "../../xml/tree.ts";
import { turnOff } from "../removing.ts";

/** virDomainModificationImpact. */
export const AFFECT = { live: 1, config: 2 } as const;
/** virDomainMetadataType. */
const DESCRIPTION = 0;
/** virDomainCreateFlags and virDomainDestroyFlags. */
const START_PAUSED = 1;
const RESET_NVRAM = 1 << 5;

export interface Target {
  readonly session: Session;
  readonly domain: DomainRef;
  readonly signal: AbortSignal;
}

/** Writes a definition. Validation against libvirt's schema is left out: another tool's domain may hold what it does not know. */
export async function define({ session, signal }: Pick<Target, "session" | "signal">, root: XmlElement): Promise<void> {
  await session.client.call("domainDefineXmlFlags", { xml: root.toString(), flags: 0 }, { signal });
}

/** Throws HYPERVISOR_UNSUPPORTED for a machine that another tool runs without a definition: writing one would make it stay. */
export async function needDefinition(session: Session, domain: DomainRef): Promise<void> {
  if ((await session.client.call("domainIsPersistent", { domain })).persistent) return;
  throw new VmFailure("HYPERVISOR_UNSUPPORTED", "The virtual machine is transient: it has no definition to change.");
}

/** One call for all fields of one reach. `root`: the definition with the change in it. */
export async function applyAtOnce(
  { session, domain, signal }: Target,
  reach: Exclude<Reach, "restart">,
  fields: readonly EditedField[],
  root: XmlElement,
  flags: number,
): Promise<void> {
  const { client } = session;
  const to = fields[0]?.to;
  if (reach === "memory") await client.call("domainSetMemoryFlags", { domain, memory: (to as number) / 1024, flags }, { signal });
  else if (reach === "cpus") await client.call("domainSetVcpusFlags", { domain, count: to as number, flags }, { signal });
  else if (reach === "metadata")
    await client.call("domainSetMetadata", { domain, ...metadataArguments(readMetadata(root)), flags }, { signal });
  else {
    const args = { domain, type: DESCRIPTION, metadata: (to as string) || null, key: null, uri: null, flags };
    await client.call("domainSetMetadata", args, { signal });
  }
}

/**
 * Defines a machine that is off with other firmware, and gives it that firmware's own variables: its file is written by a start
 * in which the guest never runs. When that fails, the old definition is back.
 */
export async function defineWithFreshVariables(target: Target, root: XmlElement, old: XmlElement): Promise<void> {
  const { session, domain, signal } = target;
  await define(target, root);
  try {
    const flags = START_PAUSED | RESET_NVRAM;
    await session.client.call("domainCreateWithFlags", { domain, flags }, { signal });
    await session.client.call("domainDestroyFlags", { domain, flags: 0 });
  } catch (error) {
    // A start that was given up goes on within libvirt, which turns it off after that.
    await turnOff(session, domain.uuid).catch(() => undefined);
    await define({ session, signal: new AbortController().signal }, old);
    throw error;
  }
}
