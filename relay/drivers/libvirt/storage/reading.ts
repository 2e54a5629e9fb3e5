// What volumes are: size, space, format and what they stand on. From the file itself where we may read it, else from libvirt.
import { realpath } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { isLibvirtError } from "../rpc/errors.ts";
import type { StorageVolumeRef } from "../rpc/types.ts";
import type { Session } from "../session.ts";
import { sizeOf } from "../domain/units.ts";
import { parseXml } from "../xml/parse.ts";
import type { XmlElement } from "../xml/tree.ts";
import { throughLibvirt } from "./bytes.ts";
import type { Volume, VolumeInfo } from "./contract.ts";
import { hasDataFile, HEADER_BYTES, readHeader } from "./header.ts";
import type { Pools } from "./pools.ts";

/** A chain of backing files longer than this is a ring, or nobody's. */
const CHAIN_MAX = 64;

const BY_ENDING: Readonly<Record<string, string>> = { ".qcow2": "qcow2", ".raw": "raw", ".vmdk": "vmdk", ".vdi": "vdi", ".vhdx": "vhdx" };

/** Contents alone are never believed, a name alone neither. Opening anything as raw is safe. */
function formatBy(file: string, isQcow2: boolean): string {
  const said = BY_ENDING[extname(file).toLowerCase()];
  if (said === "raw") return "raw";
  if (isQcow2) return said === "qcow2" ? "qcow2" : "unknown";
  return said === "qcow2" ? "unknown" : (said ?? "raw");
}

const isRefused = (error: unknown): boolean => ["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "");

interface Read {
  /** null: not qcow2. */
  readonly virtualBytes: number | null;
  readonly fileBytes: number;
  readonly allocatedBytes: number;
  /** Absolute with links resolved; something else (`nbd://…`) as it stands. */
  readonly backing: string | null;
}

/** A path, relative to the folder of the file that names it; null for what is no file (`json:`, `nbd://`). */
async function resolveBacking(path: string, backing: string | null): Promise<string | null> {
  if (backing === null || backing === "") return null;
  const plain = backing.startsWith("file:") ? backing.slice(5) : backing;
  if (/^[a-z][a-z0-9+.-]*:/.test(plain)) return backing;
  const full = resolve(dirname(path), plain);
  return realpath(full).catch(() => full);
}

export class VolumeReader {
  readonly #session: Session;
  readonly #pools: Pools;

  constructor(session: Session, pools: Pools) {
    this.#session = session;
    this.#pools = pools;
  }

  /** `format`: as the definition of a machine that has it says; without, by contents and ending together. */
  async info(volume: Volume, format?: string | null): Promise<VolumeInfo> {
    const read = await this.#read(volume.path, () => this.#pools.ready(volume));
    const known = format ?? formatBy(volume.file, read.virtualBytes !== null);
    const isQcow2 = known === "qcow2" && read.virtualBytes !== null;
    return {
      sizeBytes: isQcow2 ? read.virtualBytes : read.fileBytes,
      allocatedBytes: read.allocatedBytes,
      format: known,
      backing: known === "raw" ? null : read.backing,
    };
  }

  async #read(path: string, ready: () => Promise<StorageVolumeRef | null>): Promise<Read> {
    try {
      const { qcow2, fileBytes, allocatedBytes } = await readHeader(path);
      const backing = await resolveBacking(path, qcow2?.backing ?? null);
      return { virtualBytes: qcow2?.virtualBytes ?? null, fileBytes, allocatedBytes, backing };
    } catch (error) {
      const volume = isRefused(error) ? await ready() : null;
      if (!volume) throw error;
      const root = await this.xml(volume);
      const bytes = (name: string) => sizeOf(root.find(name), "bytes") ?? 0;
      const isQcow2 = root.find("target/format")?.attribute("type") === "qcow2";
      return {
        virtualBytes: isQcow2 ? bytes("capacity") : null,
        fileBytes: bytes(isQcow2 ? "physical" : "capacity"),
        allocatedBytes: bytes("allocation"),
        backing: await resolveBacking(path, root.find("backingStore/path")?.text ?? null),
      };
    }
  }

  /** Its guest data lies in another file, wherever that is. */
  async hasDataFile(volume: Volume): Promise<boolean> {
    try {
      return (await readHeader(volume.path)).qcow2?.hasDataFile ?? false;
    } catch (error) {
      if (!isRefused(error)) throw error;
      return hasDataFile(await throughLibvirt(this.#session, this.#pools, volume)(0, HEADER_BYTES));
    }
  }

  async xml(volume: StorageVolumeRef): Promise<XmlElement> {
    return parseXml((await this.#session.client.call("storageVolGetXmlDesc", { volume, flags: 0 })).xml).root;
  }

  /** What libvirt takes it for: what its own calls on the volume would do with it. */
  async probedFormat(volume: StorageVolumeRef): Promise<string> {
    return (await this.xml(volume)).find("target/format")?.attribute("type") ?? "unknown";
  }

  /** What the file at a path, were it qcow2, stands on; null where that cannot be said. */
  async backing(path: string): Promise<string | null> {
    const read = await this.#read(path, () => this.#known(path)).catch(() => null);
    return read?.backing ?? null;
  }

  async #known(path: string): Promise<StorageVolumeRef | null> {
    try {
      return (await this.#session.client.call("storageVolLookupByPath", { path })).volume;
    } catch (error) {
      if (isLibvirtError(error, "NO_STORAGE_VOL")) return null;
      throw error;
    }
  }

  /** All that the file at a path stands on, nearest first. */
  async chain(path: string): Promise<string[]> {
    const seen: string[] = [];
    let next = await this.backing(path);
    while (next !== null && !seen.includes(next) && seen.length < CHAIN_MAX) {
      seen.push(next);
      next = next.startsWith("/") ? await this.backing(next) : null;
    }
    return seen;
  }
}
