// Which machines have which files: from every domain's definition and what runs, with all that their disks stand on. Read anew each
// time, because others change domains too; only what did not change is not parsed again.
import { realpath } from "node:fs/promises";
import { readDisks } from "../domain/devices.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import type { DomainRef } from "../rpc/types.ts";
import type { Session } from "../session.ts";
import { parseXml } from "../xml/parse.ts";
import type { XmlElement } from "../xml/tree.ts";
import { inBatches } from "./batches.ts";
import type { Holder } from "./contract.ts";
import type { VolumeReader } from "./reading.ts";

const INACTIVE = 2;

interface Source {
  /** Or `pool/volume`. */
  readonly path: string;
  readonly format: string | null;
  readonly isReadOnly: boolean;
  readonly isBase: boolean;
}

interface Parsed {
  readonly xml: string;
  readonly sources: readonly Source[];
}

/** Elements `backingStore` stand within one another in what runs; `mirror` is what a block copy writes to. */
function below(disk: XmlElement): Source[] {
  const found: Source[] = [];
  for (let store = disk.find("backingStore"); store; store = store.find("backingStore")) {
    const path = store.find("source")?.attribute("file");
    if (path) found.push({ path, format: store.find("format")?.attribute("type") ?? null, isReadOnly: true, isBase: true });
  }
  const mirror = disk.find("mirror/source")?.attribute("file");
  return mirror ? [...found, { path: mirror, format: null, isReadOnly: false, isBase: false }] : found;
}

/** A floppy, or a disk of the host's handed through: no disk of the contract, and in use all the same. */
function otherDrive(disk: XmlElement): Source[] {
  const path = disk.find("source")?.attribute("file");
  const device = disk.attribute("device") ?? "disk";
  if (!path || device === "disk" || device === "cdrom") return [];
  const format = disk.find("driver")?.attribute("type") ?? null;
  return [{ path, format, isReadOnly: disk.find("readonly") !== null, isBase: false }];
}

/** What it starts from beside its disks. */
function bootFiles(root: XmlElement): Source[] {
  const paths = ["loader", "kernel", "initrd", "dtb"].flatMap((name) => root.find(`os/${name}`)?.text.trim() || []);
  return paths.map((path) => ({ path, format: "raw", isReadOnly: true, isBase: false }));
}

function sourcesOf(root: XmlElement): Source[] {
  const own = readDisks(root).flatMap(({ source, format, readOnly, kind }) =>
    source === null ? [] : [{ path: source, format, isReadOnly: readOnly || kind === "cdrom", isBase: false }],
  );
  const nvram = root.find("os/nvram");
  const variables = nvram?.find("source")?.attribute("file") ?? nvram?.text.trim();
  const firmware: Source[] = variables ? [{ path: variables, format: null, isReadOnly: false, isBase: false }] : [];
  const disks = root.find("devices")?.elements("disk") ?? [];
  return [...own, ...firmware, ...bootFiles(root), ...disks.flatMap(otherDrive), ...disks.flatMap(below)];
}

export class Usage {
  readonly #session: Session;
  readonly #reader: VolumeReader;
  #parsed = new Map<string, Parsed>();

  constructor(session: Session, reader: VolumeReader) {
    this.#session = session;
    this.#reader = reader;
  }

  /** Of a path with links resolved. */
  async holders(path: string): Promise<readonly Holder[]> {
    return (await this.all()).get(path) ?? [];
  }

  /** By path with links resolved. */
  async all(): Promise<ReadonlyMap<string, readonly Holder[]>> {
    const domains = await this.#session.all();
    const seen = new Map<string, Parsed>();
    const held = await inBatches(domains, (domain) => this.#ofDomain(domain, seen));
    this.#parsed = seen;
    const byPath = new Map<string, Holder[]>();
    for (const [path, holder] of held.flat()) byPath.set(path, [...(byPath.get(path) ?? []), holder]);
    return byPath;
  }

  async #ofDomain(domain: DomainRef, seen: Map<string, Parsed>): Promise<(readonly [string, Holder])[]> {
    const [defined, running] = await Promise.all([
      this.#sources(domain, INACTIVE, seen),
      domain.id >= 0 ? this.#sources(domain, 0, seen) : Promise.resolve([]),
    ]);
    const found: (readonly [string, Holder])[] = [];
    for (const [index, { path, ...source }] of [...defined, ...running].entries()) {
      const holder = { vm: domain.uuid, isRunning: index >= defined.length, ...source };
      const full = await this.#resolve(path);
      found.push([full, holder]);
      // What a guest wrote into a raw disk names nothing.
      const below = source.format === "raw" ? [] : await this.#reader.chain(full);
      found.push(...below.map((base) => [base, { ...holder, format: null, isReadOnly: true, isBase: true }] as const));
    }
    return found;
  }

  async #sources(domain: DomainRef, flags: number, seen: Map<string, Parsed>): Promise<readonly Source[]> {
    const key = `${domain.uuid}/${flags}`;
    try {
      const { xml } = await this.#session.client.call("domainGetXmlDesc", { domain, flags });
      const last = this.#parsed.get(key);
      const parsed = last?.xml === xml ? last : { xml, sources: sourcesOf(parseXml(xml).root) };
      seen.set(key, parsed);
      return parsed.sources;
    } catch (error) {
      if (isLibvirtError(error, "NO_DOMAIN")) return [];
      throw error;
    }
  }

  async #resolve(source: string): Promise<string> {
    const path = source.startsWith("/") ? source : await this.#pathOf(source);
    return realpath(path).catch(() => path);
  }

  /** Of `pool/volume`; itself where there is no such volume. */
  async #pathOf(source: string): Promise<string> {
    const at = source.indexOf("/");
    try {
      const { pool } = await this.#session.client.call("storagePoolLookupByName", { name: source.slice(0, at) });
      const { volume } = await this.#session.client.call("storageVolLookupByName", { pool, name: source.slice(at + 1) });
      return (await this.#session.client.call("storageVolGetPath", { volume })).path;
    } catch (error) {
      if (isLibvirtError(error, "NO_STORAGE_POOL") || isLibvirtError(error, "NO_STORAGE_VOL")) return source;
      throw error;
    }
  }
}
