// Volumes of the declared storage classes, through libvirt's pools: puts the parts of this folder together as the contract says.
import { VmFailure } from "../../virtual/failure.ts";
import type { Undo } from "../../virtual/undo.ts";
import { diskIdOf } from "../domain/devices.ts";
import { LibvirtError } from "../rpc/errors.ts";
import type { StorageVolumeRef } from "../rpc/types.ts";
import type { Ask, Session } from "../session.ts";
import { inBatches } from "./batches.ts";
import type { DeclaredImage, Holder, NewVolume, Storage, Volume, VolumeInfo } from "./contract.ts";
import { ImagePools } from "./image-pools.ts";
import { VolumeMaking } from "./making.ts";
import { Places, type Space } from "./places.ts";
import { Planning } from "./planning.ts";
import { Pools } from "./pools.ts";
import { VolumeReader } from "./reading.ts";
import { VolumeRemoving } from "./removing.ts";
import { Usage } from "./usage.ts";

export class LibvirtStorage implements Storage {
  readonly #session: Session;
  readonly #places: Places;
  readonly #pools: Pools;
  readonly #reader: VolumeReader;
  readonly #usage: Usage;
  readonly #planning: Planning;
  readonly #removing: VolumeRemoving;
  readonly #making: VolumeMaking;

  constructor(session: Session) {
    this.#session = session;
    this.#places = new Places(session.table);
    this.#pools = new Pools(session, this.#places);
    this.#reader = new VolumeReader(session, this.#pools);
    this.#usage = new Usage(session, this.#reader);
    this.#planning = new Planning(this.#places, this.#reader, this.#usage);
    this.#removing = new VolumeRemoving(session, this.#places, this.#pools);
    this.#making = new VolumeMaking(session, {
      places: this.#places,
      pools: this.#pools,
      images: new ImagePools(session, this.#places, this.#pools),
      reader: this.#reader,
      planning: this.#planning,
      usage: this.#usage,
      removing: this.#removing,
    });
  }

  idOf(path: string): string {
    return diskIdOf(path);
  }

  locate(path: string | null): Promise<Volume | null> {
    return this.#places.locate(path);
  }

  async require(path: string | null): Promise<Volume> {
    const volume = await this.#places.locate(path);
    if (volume) return volume;
    throw new VmFailure("STORAGE_OUTSIDE", "The disk lies outside the storage classes that the host declares.");
  }

  async find(disk: string): Promise<Volume> {
    for (const storageClass of this.#places.classes) {
      const declared = this.#places.declared(storageClass);
      const volumes = await this.list(storageClass).catch(absent);
      const found = volumes.find(({ path, file }) => diskIdOf(path) === disk || diskIdOf(`${declared}/${file}`) === disk);
      if (found) return found;
    }
    throw new VmFailure("DISK_NOT_FOUND");
  }

  async list(storageClass?: string): Promise<readonly Volume[]> {
    if (storageClass === undefined) return (await Promise.all(this.#places.classes.map((name) => this.list(name).catch(absent)))).flat();
    const volumes = (await this.#places.list(storageClass)) ?? (await this.#listed(storageClass));
    return volumes.toSorted((a, b) => (a.file < b.file ? -1 : 1));
  }

  /** As libvirt knows them: the folder may not be read by us. */
  async #listed(storageClass: string): Promise<readonly Volume[]> {
    const pool = await this.#pools.of(storageClass);
    // While a copy is made there is none: what others made meanwhile is seen after it.
    await this.#pools.refresh(pool).catch(absent);
    const { volumes } = await this.#session.client.call("storagePoolListAllVolumes", { pool, need: true, flags: 0 });
    return (
      (await this.#places.list(
        storageClass,
        volumes.map(({ name }) => name),
      )) ?? []
    );
  }

  info(volume: Volume, format?: string | null): Promise<VolumeInfo> {
    return this.#reader.info(volume, format);
  }

  space(storageClass: string): Promise<Space> {
    return this.#places.space(storageClass);
  }

  ready(volume: Volume): Promise<StorageVolumeRef> {
    return this.#pools.ready(volume);
  }

  async plan(wanted: NewVolume): Promise<{ readonly file: string; readonly path: string; readonly sizeBytes: number }> {
    const { volume, text } = await this.#planning.plan(wanted);
    return { file: volume.file, path: volume.path, sizeBytes: text.sizeBytes };
  }

  create(wanted: NewVolume, ask: Ask, undo: Undo): Promise<Volume> {
    return this.#making.create(wanted, ask, undo);
  }

  write(storageClass: string, file: string, bytes: Uint8Array, undo: Undo): Promise<Volume> {
    return this.#making.write(storageClass, file, bytes, undo);
  }

  trustedFormat(volume: Volume): Promise<string> {
    return this.#planning.trustedFormat(volume);
  }

  async resize(volume: Volume, sizeBytes: number): Promise<void> {
    const format = await this.mayResize(volume, sizeBytes);
    const { sizeBytes: now } = await this.info(volume, format);
    if (sizeBytes === now) return;
    const ref = await this.#making.readyAs(volume, format);
    await this.#session.client.call("storageVolResize", { volume: ref, capacity: sizeBytes, flags: 0 });
  }

  /** Throws what `resize` would; answers the format. */
  async mayResize(volume: Volume, sizeBytes: number): Promise<string> {
    await this.require(volume.path);
    const format = await this.trustedFormat(volume);
    const { sizeBytes: now } = await this.info(volume, format);
    if (sizeBytes < now) throw new VmFailure("DISK_SHRINK_REFUSED", `The disk has ${now} bytes, and disks are never made smaller.`);
    if (sizeBytes > now) await this.#needNoImage(volume);
    if (sizeBytes > now) await this.#needNoChildren(volume);
    return format;
  }

  async #needNoChildren(volume: Volume): Promise<void> {
    const [child] = await this.children(volume);
    if (child) throw new VmFailure("DISK_HAS_CHILDREN", `${child.file} stands on this disk.`);
  }

  /** It may lie in a class's folder, and is for the host's owner to change. */
  async #needNoImage({ path, file }: Volume): Promise<void> {
    const image = await this.imageAt(path);
    if (image !== null) throw new VmFailure("DISK_IN_USE", `${file} is the image ${image} that the host declares.`);
  }

  async delete(volume: Volume, except?: string): Promise<void> {
    await this.mayDelete(volume, except);
    await this.#removing.remove(volume);
  }

  /** Throws what `delete` would. */
  async mayDelete(volume: Volume, except?: string): Promise<void> {
    await this.require(volume.path);
    await this.#needNoImage(volume);
    await this.#needNoChildren(volume);
    const others = (await this.holders(volume.path)).filter(({ vm }) => vm !== except?.toLowerCase());
    if (others.some(({ isBase }) => isBase)) throw new VmFailure("DISK_HAS_CHILDREN");
    if (others.length > 0) throw new VmFailure("DISK_IN_USE", `Virtual machine ${others[0]!.vm} has the disk.`);
  }

  async usersOf(path: string): Promise<readonly string[]> {
    return [...new Set((await this.holders(path)).map(({ vm }) => vm))];
  }

  async holders(path: string): Promise<readonly Holder[]> {
    return this.#usage.holders((await this.#places.locate(path))?.path ?? path);
  }

  allHolders(): Promise<ReadonlyMap<string, readonly Holder[]>> {
    return this.#usage.all();
  }

  async children(volume: Volume): Promise<readonly Volume[]> {
    const volumes = await this.list();
    const standing = await inBatches(volumes, (one) => this.#standsOn(one, volume));
    return volumes.filter((_, index) => standing[index]);
  }

  /** What a guest wrote into a raw disk names nothing: where its file's name does not say that it is one, a machine may. */
  async #standsOn(volume: Volume, base: Volume): Promise<boolean> {
    const info = await this.info(volume).catch(unreadable);
    if (info?.backing !== base.path) return false;
    return info.format !== "unknown" || (await this.holders(volume.path)).every(({ format }) => format !== "raw");
  }

  image(name: string, kind?: "disk" | "iso"): DeclaredImage {
    return this.#places.image(name, kind);
  }

  imageAt(path: string | null): Promise<string | null> {
    return this.#places.imageAt(path);
  }
}

/** A file that is gone, or that nobody can read, stands on nothing; one that cannot be read for now may stand on anything. */
function unreadable(error: unknown): null {
  const isForNow =
    error instanceof LibvirtError ? error.condition !== "daemon" : error instanceof VmFailure && error.code === "STORAGE_UNAVAILABLE";
  if (isForNow) throw error;
  return null;
}

/** A class that cannot be reached holds nothing that could be found. */
function absent(error: unknown): readonly Volume[] {
  if (error instanceof VmFailure && error.code === "STORAGE_UNAVAILABLE") return [];
  throw error;
}
