// What the XML of a domain does not say about its disks: size, space taken, storage class, image. Asked of the storage, kept for
// moments, so that a machine that is looked at again and again costs nothing here.
import type { DiskFacts } from "../domain/devices.ts";
import { LibvirtError } from "../rpc/errors.ts";
import type { Session } from "../session.ts";
import type { Storage } from "../storage/contract.ts";
import type { DiskView } from "./view.ts";

export type DiskDetail = Pick<DiskView, "size_bytes" | "allocated_bytes" | "storage_class" | "image"> & {
  /** As the file is; null: not known. */
  readonly format: string | null;
};

const UNKNOWN: DiskDetail = { size_bytes: null, allocated_bytes: null, storage_class: null, image: null, format: null };

const LIMITS = {
  /** Given without a question. */
  freshMs: 1_000,
  /** Given while it is asked for anew; older ones are waited for. */
  usableMs: 10_000,
  /** QEMU's answer about a disk that lies elsewhere. */
  blockInfoMs: 1_000,
  entries: 16_384,
} as const;

interface Entry {
  readonly at: number;
  readonly detail: DiskDetail;
}

export class DiskDetails {
  readonly #session: Session;
  readonly #storage: Storage;
  readonly #known = new Map<string, Entry>();
  readonly #asking = new Map<string, Promise<DiskDetail>>();
  /** Grows with each change: an answer that was asked for before it is not kept. */
  #changes = 0;

  constructor(session: Session, storage: Storage) {
    this.#session = session;
    this.#storage = storage;
  }

  /** Something was changed through this driver. */
  forget(): void {
    this.#changes += 1;
    this.#known.clear();
    this.#asking.clear();
  }

  /** Never rejects: what cannot be had is null. */
  async of(uuid: string, disk: DiskFacts): Promise<DiskDetail> {
    if (disk.source === null) return UNKNOWN;
    const known = this.#known.get(disk.source);
    const age = known ? performance.now() - known.at : Infinity;
    if (known && age <= LIMITS.freshMs) return known.detail;
    const asked = this.#ask(uuid, disk, disk.source);
    return known && age <= LIMITS.usableMs ? known.detail : asked;
  }

  #ask(uuid: string, disk: DiskFacts, source: string): Promise<DiskDetail> {
    const running = this.#asking.get(source);
    if (running) return running;
    const from = this.#changes;
    const asked = this.#look(uuid, disk, source).then((detail) => {
      if (this.#changes !== from) return detail;
      if (this.#known.size >= LIMITS.entries) this.#known.clear();
      this.#known.set(source, { at: performance.now(), detail });
      this.#asking.delete(source);
      return detail;
    });
    this.#asking.set(source, asked);
    return asked;
  }

  async #look(uuid: string, disk: DiskFacts, source: string): Promise<DiskDetail> {
    const imageAt = (path: string | null) => this.#storage.imageAt(path).catch(() => null);
    const [found, ownImage] = await Promise.all([this.#storage.locate(source), imageAt(source)]);
    const info = found && (await this.#storage.info(found, disk.format).catch(() => null));
    if (!info) return { ...(await this.#blockInfo(uuid, disk)), storage_class: found?.storageClass ?? null, image: ownImage };
    return {
      size_bytes: info.sizeBytes,
      allocated_bytes: info.allocatedBytes,
      storage_class: found.storageClass,
      image: ownImage ?? (await imageAt(info.backing)),
      format: info.format,
    };
  }

  /** A disk that lies elsewhere, or whose file is not for us to read: libvirt knows it. */
  async #blockInfo(uuid: string, disk: DiskFacts): Promise<DiskDetail> {
    try {
      const call = { domain: { name: "-", uuid, id: -1 }, path: disk.target, flags: 0 };
      const info = await this.#session.client.call("domainGetBlockInfo", call, { timeoutMs: LIMITS.blockInfoMs });
      return { ...UNKNOWN, size_bytes: info.capacity, allocated_bytes: info.allocation };
    } catch (error) {
      if (error instanceof LibvirtError) return UNKNOWN;
      throw error;
    }
  }
}

/** A disk in the contract's terms. */
export const diskView = (vm: string | null, disk: DiskFacts, detail: DiskDetail): DiskView => ({
  id: disk.id,
  name: disk.name,
  vm,
  kind: disk.kind,
  size_bytes: detail.size_bytes,
  allocated_bytes: detail.allocated_bytes,
  format: disk.source === null ? null : (disk.format ?? detail.format),
  storage_class: detail.storage_class,
  image: detail.image,
  bus: disk.bus,
  boot_index: disk.bootIndex,
  cache: disk.cache,
  discard: disk.discard,
  iops_max: disk.iopsMax,
  bytes_per_second_max: disk.bytesPerSecondMax,
  read_only: disk.readOnly,
});
