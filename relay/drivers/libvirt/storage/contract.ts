// Storage as the operations see it: volumes in declared storage classes, and nothing else. Whatever is made, changed or deleted on
// disk goes through here; a path outside is refused with STORAGE_OUTSIDE before anything is touched.
import type { Undo } from "../../virtual/undo.ts";
import type { StorageVolumeRef } from "../rpc/types.ts";
import type { Ask } from "../session.ts";

/** A file that lies directly in the folder of a declared storage class and is no link. */
export interface Volume {
  readonly storageClass: string;
  /** Plain file name: no separator, no `..`. */
  readonly file: string;
  /** Absolute; the class's folder with links resolved, and the file name. */
  readonly path: string;
}

export interface VolumeInfo {
  readonly sizeBytes: number;
  readonly allocatedBytes: number;
  /** `unknown` where contents and ending disagree: a guest that writes to a raw disk decides its contents, so those alone are never believed. */
  readonly format: string;
  /** Path of what a linked volume stands on. */
  readonly backing: string | null;
}

/** What a new volume's contents come from. `full`: a copy of its own; `linked`: only what differs from it. */
export type VolumeSource =
  | { readonly mode: "full" | "linked"; readonly volume: Volume }
  | { readonly mode: "full"; readonly image: string };

export interface NewVolume {
  readonly storageClass: string;
  /** Wished stem: `web-disk0`. The file gets its format's ending, and a number where that name is taken. Letters, digits, dots, dashes, underscores. */
  readonly stem: string;
  /** Else DISK_EXISTS where the name is taken. */
  readonly mayNumber: boolean;
  readonly format: "qcow2" | "raw";
  /** At least the source's; undefined: the source's. */
  readonly sizeBytes?: number | undefined;
  readonly preallocate?: boolean | undefined;
  readonly source?: VolumeSource | undefined;
}

/** A machine that has a volume, once for each place in which it says so. */
export interface Holder {
  readonly vm: string;
  /** Said by what runs; false: by its definition. */
  readonly isRunning: boolean;
  /** As the machine says; null: it does not. */
  readonly format: string | null;
  readonly isReadOnly: boolean;
  /** Another disk of the machine stands on it. */
  readonly isBase: boolean;
}

export interface DeclaredImage {
  readonly name: string;
  readonly kind: "disk" | "iso";
  readonly path: string;
  readonly osFamily: "linux" | "windows" | "other" | null;
}

export interface Storage {
  /** Opaque id of whatever lies at a path: the same whether a machine has it or not. */
  idOf(path: string): string;
  /** The volume at a path; null: outside every class, or a link, or not there. Never throws for what lies there. */
  locate(path: string | null): Promise<Volume | null>;
  /** Throws STORAGE_OUTSIDE where `locate` says null. */
  require(path: string | null): Promise<Volume>;
  /** By id among all classes. Throws DISK_NOT_FOUND. */
  find(disk: string): Promise<Volume>;
  list(storageClass?: string): Promise<readonly Volume[]>;
  /** `format`: as the definition of a machine that has it says. */
  info(volume: Volume, format?: string | null): Promise<VolumeInfo>;
  /** What libvirt's calls on volumes take: its pool is made, started and refreshed where needed. Asked right before such a call, and never in a plan. */
  ready(volume: Volume): Promise<StorageVolumeRef>;
  /** What would be made, without making it: throws what `create` would refuse (STORAGE_NOT_FOUND, IMAGE_NOT_FOUND, STORAGE_FULL, DISK_EXISTS, DISK_SHRINK_REFUSED). Answers the file and its size. */
  plan(wanted: NewVolume): Promise<{ readonly file: string; readonly path: string; readonly sizeBytes: number }>;
  /** Reports progress of copies; a cancelled or failed one leaves nothing. Pushes its own undo. At most a few copies run at once, others wait. */
  create(wanted: NewVolume, ask: Ask, undo: Undo): Promise<Volume>;
  /** A small file, such as a seed. */
  write(storageClass: string, file: string, bytes: Uint8Array, undo: Undo): Promise<Volume>;
  /** Bytes of a class's file system. Throws STORAGE_NOT_FOUND, STORAGE_UNAVAILABLE. */
  space(storageClass: string): Promise<{ readonly totalBytes: number; readonly freeBytes: number }>;
  /** The format in which a volume may be opened: never what its contents alone say. Throws VM_CONFIG_INVALID where nobody vouches for one, STORAGE_OUTSIDE where it would read a file outside. */
  trustedFormat(volume: Volume): Promise<string>;
  /** Throws what `resize` would, changes nothing. Answers the volume's format. */
  mayResize(volume: Volume, sizeBytes: number): Promise<string>;
  /** Throws what `delete` would, changes nothing. */
  mayDelete(volume: Volume, except?: string): Promise<void>;
  /** Throws DISK_SHRINK_REFUSED, DISK_HAS_CHILDREN, or DISK_IN_USE for a declared image. Of a volume that no running machine has. */
  resize(volume: Volume, sizeBytes: number): Promise<void>;
  /** Throws DISK_HAS_CHILDREN, or DISK_IN_USE when a machine other than `except` has it, or it is a declared image. */
  delete(volume: Volume, except?: string): Promise<void>;
  /** UUIDs of machines whose definition or running state has the path, itself or as what another of their disks stands on. */
  usersOf(path: string): Promise<readonly string[]>;
  /** Like `usersOf`, with what each says of it. */
  holders(path: string): Promise<readonly Holder[]>;
  /** Of everything that machines have, by path with links resolved. */
  allHolders(): Promise<ReadonlyMap<string, readonly Holder[]>>;
  /** Volumes of the classes that stand on this one. */
  children(volume: Volume): Promise<readonly Volume[]>;
  /** Throws IMAGE_NOT_FOUND. `kind` undefined: either. */
  image(name: string, kind?: "disk" | "iso"): DeclaredImage;
  /** Name of the declared image that lies at a path. */
  imageAt(path: string | null): Promise<string | null>;
}
