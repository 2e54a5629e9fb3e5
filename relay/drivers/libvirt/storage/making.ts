// Makes volumes. A copy that was cancelled cannot be stopped within libvirt: its job ends at once, its leftovers
// are taken away when it ended, and until then its turn, its name and its space stay taken.
import { once } from "node:events";
import { VmFailure } from "../../virtual/failure.ts";
import { whileGrowing } from "../../virtual/growth.ts";
import type { Undo } from "../../virtual/undo.ts";
import type { StorageVolumeRef } from "../rpc/types.ts";
import type { Ask, Session } from "../session.ts";
import type { NewVolume, Volume } from "./contract.ts";
import { orAborted } from "./cancelling.ts";
import { CopyQueue } from "./copy-queue.ts";
import type { ImagePools } from "./image-pools.ts";
import type { Places } from "./places.ts";
import type { Planned, Planning } from "./planning.ts";
import type { Pools } from "./pools.ts";
import type { VolumeReader } from "./reading.ts";
import { isLost, type VolumeRemoving } from "./removing.ts";
import type { Usage } from "./usage.ts";
import { createFlags, volumeXml } from "./volume-xml.ts";

const LIMITS = {
  /** More at once share one disk and end no earlier. */
  copies: 2,
  /** The longest deadline of a job: libvirt's answer comes when all is copied. */
  copyMs: 24 * 3600_000,
} as const;

/** How far one making came. */
interface Making {
  readonly planned: Planned;
  /** The file is, or may be, of our making. */
  isOurs: boolean;
  /** Ends when libvirt's work ended, and never fails; null: none was begun. */
  ended: Promise<void> | null;
  hasEnded: boolean;
}

export interface MakingParts {
  readonly places: Places;
  readonly pools: Pools;
  readonly images: ImagePools;
  readonly reader: VolumeReader;
  readonly planning: Planning;
  readonly usage: Usage;
  readonly removing: VolumeRemoving;
}

export class VolumeMaking {
  readonly #session: Session;
  readonly #parts: MakingParts;
  readonly #queue = new CopyQueue(LIMITS.copies);

  constructor(session: Session, parts: MakingParts) {
    this.#session = session;
    this.#parts = parts;
  }

  async create(wanted: NewVolume, ask: Ask, undo: Undo): Promise<Volume> {
    const { places, planning, removing } = this.#parts;
    // A name that is wanted as it is waits for the leftover that has it.
    if (!wanted.mayNumber) await removing.leftoverGone(await places.pathFor(wanted.storageClass, `${wanted.stem}.${wanted.format}`), ask);
    const planned = await planning.plan(wanted, true);
    const making: Making = { planned, isOurs: false, ended: null, hasEnded: true };
    undo.push(`the volume ${planned.volume.file}`, () => this.#takeBack(making, ask.log));
    try {
      await this.#make(making, ask);
      await this.#grow(planned);
      return planned.volume;
    } finally {
      // Of a copy that goes on without its job they stay taken until that ends.
      if (making.hasEnded) planning.free(planned);
      else void making.ended?.then(() => planning.free(planned));
    }
  }

  /** A small file, such as a seed. */
  async write(storageClass: string, file: string, bytes: Uint8Array, undo: Undo): Promise<Volume> {
    const { client } = this.#session;
    const path = await this.#parts.places.pathFor(storageClass, file);
    const volume = { storageClass, file, path };
    if (await this.#parts.places.isTaken(path))
      throw new VmFailure("DISK_EXISTS", `There is a file ${file} in storage class ${storageClass} already.`);
    await this.#parts.planning.needSpace(storageClass, bytes.length);
    const pool = await this.#parts.pools.of(storageClass);
    const making = { isOurs: false };
    undo.push(`the volume ${file}`, async () => {
      if (making.isOurs) await this.#parts.removing.remove(volume);
    });
    const xml = volumeXml({ file, format: "raw", sizeBytes: bytes.length, preallocate: false });
    await this.#owning(making, () => client.call("storageVolCreateXml", { pool, xml, flags: 0 }));
    const to = { volume: await this.#parts.pools.ready(volume), offset: 0, length: bytes.length, flags: 0 };
    const { stream } = await client.openStream("storageVolUpload", to);
    try {
      const written = once(stream, "finish");
      stream.end(bytes);
      await written;
    } finally {
      stream.destroy();
    }
    return volume;
  }

  async #owning(making: Pick<Making, "isOurs">, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
      making.isOurs = true;
    } catch (error) {
      making.isOurs = isLost(error);
      throw error;
    }
  }

  /** Of what is written as a whole, which may take hours, only so many at once. */
  async #make(making: Making, ask: Ask): Promise<void> {
    const { volume, text, copyOf, writesBytes } = making.planned;
    const isLong = copyOf !== null || text.preallocate;
    const leave = isLong
      ? await this.#queue.enter(ask.signal, (ahead) => ask.progress(0, `Waits for ${ahead} other copies on this host`))
      : () => undefined;
    making.hasEnded = false;
    const working = this.#owning(making, () => this.#work(making.planned)).finally(() => {
      making.hasEnded = true;
      leave();
    });
    making.ended = working.catch(() => undefined);
    const copied = () => orAborted(working, ask.signal);
    const growing = { paths: [volume.path], expectedBytes: Math.max(1, writesBytes), message: `Copies to ${volume.file}` };
    await (isLong ? whileGrowing(growing, (percent, message) => ask.progress(percent, message), copied) : copied());
  }

  async #work({ text, volume, copyOf }: Planned): Promise<void> {
    const { client } = this.#session;
    const pool = await this.#parts.pools.of(volume.storageClass);
    const args = { pool, xml: volumeXml(text), flags: createFlags(text) };
    const options = { timeoutMs: LIMITS.copyMs };
    const copy = async (from: StorageVolumeRef) => void (await client.call("storageVolCreateXmlFrom", { ...args, from }, options));
    if (!copyOf) return void (await client.call("storageVolCreateXml", args, options));
    if ("image" in copyOf) return this.#parts.images.with(copyOf.image, copy);
    await copy(await this.readyAs(copyOf.volume, copyOf.format));
    // libvirt may have looked at the file anew in between.
    await this.readyAs(copyOf.volume, copyOf.format);
  }

  /** For libvirt's calls that open the volume: it does so in the format that the contents say, which must be the one that is known. */
  async readyAs(volume: Volume, format: string): Promise<StorageVolumeRef> {
    const ref = await this.#parts.pools.ready(volume);
    const probed = await this.#parts.reader.probedFormat(ref);
    if (probed === format) return ref;
    throw new VmFailure(
      "VM_CONFIG_INVALID",
      `${volume.file} is ${format} and holds what libvirt takes for ${probed}; it is not opened so.`,
    );
  }

  /** A copy is made as large as its source. */
  async #grow({ volume, text, sourceBytes, copyOf }: Planned): Promise<void> {
    if (!copyOf || text.sizeBytes <= sourceBytes) return;
    const ref = await this.#parts.pools.ready(volume);
    const { capacity } = await this.#session.client.call("storageVolGetInfo", { volume: ref });
    if (capacity < text.sizeBytes) await this.#session.client.call("storageVolResize", { volume: ref, capacity: text.sizeBytes, flags: 0 });
  }

  async #takeBack(making: Making, log: Ask["log"]): Promise<void> {
    const { volume } = making.planned;
    if (making.hasEnded && !making.isOurs) return;
    const [holder] = await this.#parts.usage.holders(volume.path);
    if (holder) throw new VmFailure("DISK_IN_USE", `Virtual machine ${holder.vm} still has ${volume.file}.`);
    if (making.hasEnded && (await this.#parts.removing.tryRemove(volume))) return;
    const ended = Promise.resolve(making.ended).then(() => making.isOurs);
    this.#parts.removing.removeAfter(volume, ended, log);
  }
}
