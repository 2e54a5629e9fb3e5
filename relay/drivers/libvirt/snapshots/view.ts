// A snapshot as libvirt's XML tells it, in the contract's terms. Pure but for reading what libvirt lists; changes nothing.
import type { DomainRef, SnapshotRef } from "../rpc/types.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import { numberOf } from "../domain/units.ts";
import type { Session, VmState } from "../session.ts";
import { parseXml } from "../xml/parse.ts";
import type { XmlElement } from "../xml/tree.ts";

/** virDomainSnapshotListFlags: parents before children. */
const TOPOLOGICAL = 1 << 10;

export interface SnapshotFacts {
  readonly name: string;
  readonly parent: string | null;
  readonly state: VmState;
  readonly memory: boolean;
  readonly kind: "internal" | "external" | "mixed";
  readonly description: string;
  readonly createdAt: string | null;
  /** Targets (`vda`) of the disks that it has. */
  readonly targets: readonly string[];
  /** The machine as it was defined then; null: another tool took it and did not say. */
  readonly domain: XmlElement | null;
}

export interface ReadSnapshot extends SnapshotFacts {
  readonly ref: SnapshotRef;
}

const STATES: Readonly<Record<string, VmState>> = {
  running: "running",
  blocked: "running",
  paused: "paused",
  pmsuspended: "paused",
  shutdown: "stopping",
  shutoff: "off",
  crashed: "crashed",
  "disk-snapshot": "off",
};

function kindOf(places: readonly (string | null)[]): SnapshotFacts["kind"] {
  const isExternal = places.includes("external");
  if (isExternal && places.includes("internal")) return "mixed";
  return isExternal ? "external" : "internal";
}

export function readSnapshot(root: XmlElement): SnapshotFacts {
  const disks = root.find("disks")?.elements("disk") ?? [];
  const taken = disks.filter((disk) => /^(internal|external)$/.test(disk.attribute("snapshot") ?? ""));
  const memory = root.find("memory")?.attribute("snapshot") ?? null;
  const seconds = numberOf(root.find("creationTime")?.text);
  return {
    name: root.find("name")?.text ?? "",
    parent: root.find("parent/name")?.text ?? null,
    state: STATES[root.find("state")?.text ?? ""] ?? "unknown",
    memory: memory === "internal" || memory === "external",
    kind: kindOf([memory, ...taken.map((disk) => disk.attribute("snapshot"))]),
    description: root.find("description")?.text ?? "",
    createdAt: seconds === null || seconds > 8_640_000_000_000 ? null : new Date(seconds * 1000).toISOString(),
    targets: taken.flatMap((disk) => disk.attribute("name") ?? []),
    domain: root.find("domain"),
  };
}

/** Parents before children. One that goes away meanwhile is left out. */
export async function listSnapshots(session: Session, domain: DomainRef): Promise<ReadSnapshot[]> {
  const { snapshots } = await session.client.call("domainListAllSnapshots", { domain, need: true, flags: TOPOLOGICAL });
  const read = async (ref: SnapshotRef): Promise<ReadSnapshot[]> => {
    try {
      const { xml } = await session.client.call("domainSnapshotGetXmlDesc", { snapshot: ref, flags: 0 });
      return [{ ...readSnapshot(parseXml(xml).root), ref }];
    } catch (error) {
      if (isLibvirtError(error, "NO_DOMAIN_SNAPSHOT")) return [];
      throw error;
    }
  };
  return (await Promise.all(snapshots.map(read))).flat();
}

/** The name of the one that the machine stands on. */
export async function currentSnapshot(session: Session, domain: DomainRef): Promise<string | null> {
  try {
    return (await session.client.call("domainSnapshotCurrent", { domain, flags: 0 })).snapshot.name;
  } catch (error) {
    if (isLibvirtError(error, "NO_DOMAIN_SNAPSHOT")) return null;
    throw error;
  }
}

/** Those that stand on it, at whatever distance. */
export function descendants(all: readonly SnapshotFacts[], name: string): SnapshotFacts[] {
  const names = new Set([name]);
  // Parents come before children.
  return all.filter((snapshot) => {
    if (snapshot.parent === null || !names.has(snapshot.parent)) return false;
    names.add(snapshot.name);
    return true;
  });
}
