// What a new volume would be, and whether it may: its name, its size, the space that it takes. Changes nothing.
import { join } from "node:path";
import { fieldFailure, VmFailure } from "../../virtual/failure.ts";
import type { NewVolume, Volume } from "./contract.ts";
import { readHeader } from "./header.ts";
import { Places } from "./places.ts";
import type { VolumeReader } from "./reading.ts";
import type { Usage } from "./usage.ts";
import type { VolumeText } from "./volume-xml.ts";

export interface Planned {
  readonly volume: Volume;
  readonly text: VolumeText;
  /** Of a full copy: from what. null: nothing is copied. */
  readonly copyOf: { readonly image: string } | { readonly volume: Volume; readonly format: string } | null;
  /** What will be written. */
  readonly writesBytes: number;
  readonly sourceBytes: number;
}

/** Headers and tables of an empty volume. */
const EMPTY_BYTES = 1024 * 1024;
/** `name-99` is the last that is tried. */
const NUMBERS_MAX = 99;

interface Source {
  readonly copyOf: Planned["copyOf"];
  readonly backing: VolumeText["backing"];
  readonly sizeBytes: number;
  readonly writesBytes: number;
}

export class Planning {
  readonly #places: Places;
  readonly #reader: VolumeReader;
  readonly #usage: Usage;
  /** Paths that are being made: not on disk yet, and taken. */
  readonly #claimed = new Set<string>();
  /** Bytes that are promised to copies and not written yet, by class. */
  readonly #promised = new Map<string, number>();

  constructor(places: Places, reader: VolumeReader, usage: Usage) {
    this.#places = places;
    this.#reader = reader;
    this.#usage = usage;
  }

  /** `claims`: takes name and space until `free` is called, so that two at once do not choose the same. */
  async plan(wanted: NewVolume, claims = false): Promise<Planned> {
    const source = await this.#source(wanted);
    const sizeBytes = wanted.sizeBytes ?? source.sizeBytes;
    if (sizeBytes < source.sizeBytes)
      throw new VmFailure("DISK_SHRINK_REFUSED", `A copy is at least as large as what it is of: ${source.sizeBytes} bytes.`);
    const preallocate = wanted.preallocate ?? false;
    const writesBytes = preallocate ? sizeBytes : source.writesBytes;
    await this.needSpace(wanted.storageClass, writesBytes);
    const volume = await this.#named(wanted, claims);
    const text = { file: volume.file, format: wanted.format, sizeBytes, preallocate, backing: source.backing };
    if (claims) this.#promise(wanted.storageClass, writesBytes);
    return { volume, text, copyOf: source.copyOf, writesBytes, sourceBytes: source.sizeBytes };
  }

  /** Throws STORAGE_FULL. */
  async needSpace(storageClass: string, bytes: number): Promise<void> {
    const { freeBytes } = await this.#places.space(storageClass);
    const available = Math.max(0, freeBytes - (this.#promised.get(storageClass) ?? 0));
    if (bytes <= available) return;
    throw new VmFailure("STORAGE_FULL", `Storage class ${storageClass} has ${available} bytes free; ${bytes} are needed.`);
  }

  /** Of what was planned with a claim, once. */
  free({ volume, writesBytes }: Planned): void {
    this.#claimed.delete(volume.path);
    this.#promise(volume.storageClass, -writesBytes);
  }

  #promise(storageClass: string, bytes: number): void {
    this.#promised.set(storageClass, (this.#promised.get(storageClass) ?? 0) + bytes);
  }

  async #named({ storageClass, stem, format, mayNumber }: NewVolume, claims: boolean): Promise<Volume> {
    if (!Places.isStem(stem)) throw new VmFailure("STORAGE_OUTSIDE", "A disk's name must be a plain name.");
    const folder = await this.#places.folder(storageClass);
    for (let number = 0; number <= (mayNumber ? NUMBERS_MAX : 0); number += 1) {
      const file = `${stem}${number === 0 ? "" : `-${number}`}.${format}`;
      const path = join(folder, file);
      // In this order: nothing is awaited between the look at the claims and one's own.
      if ((await this.#places.isTaken(path)) || this.#claimed.has(path)) continue;
      if (claims) this.#claimed.add(path);
      return { storageClass, file, path };
    }
    throw new VmFailure("DISK_EXISTS", `There is a file ${stem}.${format} in storage class ${storageClass} already.`);
  }

  async #source({ source, format, sizeBytes }: NewVolume): Promise<Source> {
    if (!source) {
      if (sizeBytes === undefined) throw fieldFailure("VM_CONFIG_INVALID", "/size_bytes", "is needed where nothing is copied");
      return { copyOf: null, backing: undefined, sizeBytes: 0, writesBytes: EMPTY_BYTES };
    }
    if ("image" in source) return this.#image(source.image);
    const known = await this.trustedFormat(source.volume);
    const info = await this.#reader.info(source.volume, known);
    const sizes = { sizeBytes: info.sizeBytes };
    if (source.mode === "full")
      return {
        ...sizes,
        copyOf: { volume: source.volume, format: known },
        backing: undefined,
        writesBytes: await this.#bytesOf(source.volume),
      };
    if (format !== "qcow2") throw fieldFailure("VM_CONFIG_INVALID", "/format", "must be qcow2 for a linked copy");
    return { ...sizes, copyOf: null, backing: { path: source.volume.path, format: known }, writesBytes: EMPTY_BYTES };
  }

  async #image(name: string): Promise<Source> {
    const image = this.#places.image(name, "disk");
    try {
      const { qcow2, fileBytes, allocatedBytes } = await readHeader(await this.#places.real(image.path));
      return {
        copyOf: { image: image.path },
        backing: undefined,
        sizeBytes: qcow2?.virtualBytes ?? fileBytes,
        writesBytes: allocatedBytes,
      };
    } catch (cause) {
      throw new VmFailure("STORAGE_UNAVAILABLE", `The file of image ${name} cannot be read.`, undefined, { cause });
    }
  }

  /** With all that it stands on: a full copy holds it all. */
  async #bytesOf(volume: Volume): Promise<number> {
    const bytes = (path: string) =>
      readHeader(path).then(
        (header) => header.allocatedBytes,
        () => 0,
      );
    const all = await Promise.all([volume.path, ...(await this.#reader.chain(volume.path))].map(bytes));
    return all.reduce((sum, one) => sum + one, 0);
  }

  /**
   * The format in which a volume may be opened: what the machines that have it say, else what ending and contents agree on. Refuses
   * one that nobody vouches for, and one that nobody has and that stands on a file outside: opening it would read that file.
   */
  async trustedFormat(volume: Volume): Promise<string> {
    if (!(await this.#places.locate(volume.path)))
      throw new VmFailure("STORAGE_OUTSIDE", `${volume.file} is no plain file of its storage class.`);
    const holders = await this.#usage.holders(volume.path);
    const said = holders.find((holder) => holder.format !== null)?.format;
    const info = await this.#reader.info(volume, said);
    if (info.format === "unknown")
      throw new VmFailure(
        "VM_CONFIG_INVALID",
        `What ${volume.file} holds and how it is named disagree about its format; rename it on the host.`,
      );
    if (holders.length === 0 && info.format !== "raw") await this.#needNothingOutside(volume);
    return info.format;
  }

  async #needNothingOutside(volume: Volume): Promise<void> {
    const refuse = () => new VmFailure("STORAGE_OUTSIDE", `${volume.file} stands on a file outside what the host declares.`);
    if (await this.#reader.hasDataFile(volume)) throw refuse();
    for (const path of await this.#reader.chain(volume.path)) {
      const below = await this.#places.locate(path);
      if (below ? await this.#reader.hasDataFile(below) : !(await this.#places.imageAt(path))) throw refuse();
    }
  }
}
