// libvirt's pools of the storage classes' folders: found by their path, made where there is none, started where they do not run.
// Keeps no state of libvirt: each use asks, because others change pools too.
import { createHash } from "node:crypto";
import { VmFailure } from "../../virtual/failure.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import type { StoragePoolRef, StorageVolumeRef } from "../rpc/types.ts";
import type { Session } from "../session.ts";
import { parseXml } from "../xml/parse.ts";
import { XmlElement } from "../xml/tree.ts";
import type { Volume } from "./contract.ts";
import type { Places } from "./places.ts";

/** virConnectListAllStoragePoolsFlags. */
const INACTIVE = 1;
/** Kinds of pools whose volumes are plain files in one folder. */
const FOLDER_POOLS = new Set(["dir", "fs", "netfs"]);

export const digest = (path: string): string => createHash("sha256").update(path).digest("hex").slice(0, 12);

export function poolXml(name: string, folder: string): string {
  const pool = new XmlElement("pool", [["type", "dir"]]);
  pool.ensure("name").setText(name);
  pool.ensure("target").ensure("path").setText(folder);
  return pool.toString();
}

export class Pools {
  readonly #session: Session;
  readonly #places: Places;
  /** By folder: two makings at once would collide. */
  readonly #making = new Map<string, Promise<StoragePoolRef>>();

  constructor(session: Session, places: Places) {
    this.#session = session;
    this.#places = places;
  }

  /** The running pool of a class: found, started or made. */
  async of(storageClass: string): Promise<StoragePoolRef> {
    const folder = await this.#places.folder(storageClass);
    const found = await this.running(this.#places.declared(storageClass), folder);
    if (found) return found;
    const making = this.#making.get(folder) ?? this.#make(storageClass, folder).finally(() => this.#making.delete(folder));
    this.#making.set(folder, making);
    return making;
  }

  /** Without making or starting one; null: there is none that runs. */
  async look(storageClass: string): Promise<StoragePoolRef | null> {
    return this.running(this.#places.declared(storageClass), await this.#places.folder(storageClass));
  }

  /** The one that runs at one of these paths. */
  async running(...paths: string[]): Promise<StoragePoolRef | null> {
    for (const path of new Set(paths)) {
      try {
        return (await this.#session.client.call("storagePoolLookupByTargetPath", { path })).pool;
      } catch (error) {
        if (!isLibvirtError(error, "NO_STORAGE_POOL")) throw error;
      }
    }
    return null;
  }

  /** libvirt finds only running pools by path. */
  async #stopped(paths: readonly string[]): Promise<StoragePoolRef | null> {
    const { pools } = await this.#session.client.call("connectListAllStoragePools", { need: true, flags: INACTIVE });
    for (const pool of pools) {
      const root = await this.#definition(pool);
      if (root && FOLDER_POOLS.has(root.attribute("type") ?? "") && paths.includes(root.find("target/path")?.text ?? "")) return pool;
    }
    return null;
  }

  /** null: it is gone by now, as those of folders that machines are exported to. */
  async #definition(pool: StoragePoolRef): Promise<XmlElement | null> {
    try {
      return parseXml((await this.#session.client.call("storagePoolGetXmlDesc", { pool, flags: 0 })).xml).root;
    } catch (error) {
      if (isLibvirtError(error, "NO_STORAGE_POOL")) return null;
      throw error;
    }
  }

  async #make(storageClass: string, folder: string): Promise<StoragePoolRef> {
    const { client } = this.#session;
    // One that was made while this one was asked for.
    const running = await this.running(this.#places.declared(storageClass), folder);
    if (running) return running;
    const stopped = await this.#stopped([this.#places.declared(storageClass), folder]);
    if (stopped) {
      await client.call("storagePoolCreate", { pool: stopped, flags: 0 });
      return stopped;
    }
    const name = await this.#freeName(storageClass, folder);
    const { pool } = await client.call("storagePoolDefineXml", { xml: poolXml(name, folder), flags: 0 });
    try {
      await client.call("storagePoolCreate", { pool, flags: 0 });
      await client.call("storagePoolSetAutostart", { pool, autostart: true });
      return pool;
    } catch (error) {
      await client.call("storagePoolDestroy", { pool }).catch(() => undefined);
      await client.call("storagePoolUndefine", { pool }).catch(() => undefined);
      throw error;
    }
  }

  /** A pool of that name at another path is of a time when the class lay there: its definition is not ours to change. */
  async #freeName(storageClass: string, folder: string): Promise<string> {
    const name = `farhand-${storageClass}`;
    try {
      await this.#session.client.call("storagePoolLookupByName", { name });
      return `${name}-${digest(folder)}`;
    } catch (error) {
      if (isLibvirtError(error, "NO_STORAGE_POOL")) return name;
      throw error;
    }
  }

  /** A volume as libvirt's calls take it. Files that others made are known to libvirt only after a refresh. */
  async ready(volume: Volume): Promise<StorageVolumeRef> {
    return this.volume(await this.of(volume.storageClass), volume.file);
  }

  /** By its name; throws DISK_NOT_FOUND. */
  async volume(pool: StoragePoolRef, name: string): Promise<StorageVolumeRef> {
    const known = await this.#known(pool, name);
    if (known) return known;
    await this.refresh(pool);
    const found = await this.#known(pool, name);
    if (found) return found;
    throw new VmFailure("DISK_NOT_FOUND", `libvirt finds no volume ${name}.`);
  }

  async #known(pool: StoragePoolRef, name: string): Promise<StorageVolumeRef | null> {
    try {
      return (await this.#session.client.call("storageVolLookupByName", { pool, name })).volume;
    } catch (error) {
      if (isLibvirtError(error, "NO_STORAGE_VOL")) return null;
      throw error;
    }
  }

  /** libvirt refuses it, by an error that says nothing else, while it makes a volume there. */
  async refresh(pool: StoragePoolRef): Promise<void> {
    try {
      await this.#session.client.call("storagePoolRefresh", { pool, flags: 0 });
    } catch (error) {
      if (!isLibvirtError(error, "INTERNAL_ERROR")) throw error;
      throw new VmFailure("STORAGE_UNAVAILABLE", "libvirt cannot look for new files while it copies to that folder.", undefined, {
        cause: error,
      });
    }
  }
}
