// Images as volumes of libvirt's, wherever they lie: through a pool of their folder that is there for as long as one of them is
// copied, and no longer. Changes nothing in those folders.
import { realpath } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { StoragePoolRef, StorageVolumeRef } from "../rpc/types.ts";
import type { Session } from "../session.ts";
import type { Places } from "./places.ts";
import { digest, poolXml, type Pools } from "./pools.ts";

const PREFIX = "farhand-image-";

interface Held {
  users: number;
  readonly pool: StoragePoolRef;
}

export class ImagePools {
  readonly #session: Session;
  readonly #places: Places;
  readonly #pools: Pools;
  /** Pools of our making, by folder. */
  readonly #held = new Map<string, Held>();
  /** By folder: the last of those who take or give back its pool, one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(session: Session, places: Places, pools: Pools) {
    this.#session = session;
    this.#places = places;
    this.#pools = pools;
  }

  /** Runs `use` with the image at a path. */
  async with<T>(path: string, use: (volume: StorageVolumeRef) => Promise<T>): Promise<T> {
    const full = await realpath(path);
    const own = await this.#places.locate(full);
    if (own) return use(await this.#pools.ready(own));
    const folder = dirname(full);
    const { pool, isOurs } = await this.#alone(folder, () => this.#take(folder, dirname(path)));
    try {
      return await use(await this.#pools.volume(pool, basename(full)));
    } finally {
      if (isOurs) await this.#alone(folder, () => this.#giveBack(folder));
    }
  }

  #alone<T>(folder: string, act: () => Promise<T>): Promise<T> {
    const mine = (this.#turns.get(folder) ?? Promise.resolve()).then(act);
    this.#turns.set(
      folder,
      mine.catch(() => undefined),
    );
    return mine;
  }

  async #take(folder: string, declared: string): Promise<{ readonly pool: StoragePoolRef; readonly isOurs: boolean }> {
    const held = this.#held.get(folder);
    if (held) held.users += 1;
    if (held) return { pool: held.pool, isOurs: true };
    const there = await this.#pools.running(declared, folder);
    // One of ours that nobody holds was left behind.
    if (there && !there.name.startsWith(PREFIX)) return { pool: there, isOurs: false };
    const pool = there ?? (await this.#make(folder));
    this.#held.set(folder, { users: 1, pool });
    return { pool, isOurs: true };
  }

  async #make(folder: string): Promise<StoragePoolRef> {
    const { client } = this.#session;
    const name = PREFIX + digest(folder);
    try {
      return (await client.call("storagePoolCreateXml", { xml: poolXml(name, folder), flags: 0 })).pool;
    } catch (error) {
      // It may have been made though its answer was lost.
      const made = await client.call("storagePoolLookupByName", { name }).catch(() => null);
      if (made) await client.call("storagePoolDestroy", { pool: made.pool }).catch(() => undefined);
      throw error;
    }
  }

  async #giveBack(folder: string): Promise<void> {
    const held = this.#held.get(folder);
    if (!held) return;
    held.users -= 1;
    if (held.users > 0) return;
    this.#held.delete(folder);
    // One that stays is found and taken away the next time.
    await this.#session.client.call("storagePoolDestroy", { pool: held.pool }).catch(() => undefined);
  }
}
