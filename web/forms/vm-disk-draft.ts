// A disk as it is typed into a form, and the specification that it makes. Pure.
import type { VirtualResources } from "../vm/contract.ts";
import type { Has } from "./vm-draft.ts";
import { bytesOf, given, numberOf, size, textOrNone, type Size } from "./vm-values.ts";

export interface DiskDraft {
  readonly source: "new" | "image";
  readonly size: Size;
  readonly image: string;
  readonly name: string;
  /** Empty: that of the machine. */
  readonly storage: string;
  readonly format: string;
  readonly bus: string;
  readonly preallocate: boolean;
  readonly boot: boolean;
  readonly cache: string;
  readonly discard: boolean;
  readonly iops: string;
  readonly mibPerSecond: string;
  readonly readOnly: boolean;
}

export const diskImages = (virtual: VirtualResources) => virtual.images.filter(({ kind }) => kind === "disk");
export const isoImages = (virtual: VirtualResources) => virtual.images.filter(({ kind }) => kind === "iso");

export function newDisk(virtual: VirtualResources): DiskDraft {
  const image = diskImages(virtual)[0];
  return {
    source: image ? "image" : "new",
    size: image ? size("") : size("20"),
    image: image?.name ?? "",
    name: "",
    storage: "",
    format: "",
    bus: "",
    preallocate: false,
    boot: false,
    cache: "",
    discard: false,
    iops: "",
    mibPerSecond: "",
    readOnly: false,
  };
}

export const emptyDisk = (virtual: VirtualResources): DiskDraft => ({ ...newDisk(virtual), source: "new", size: size("20") });

const onlyTrue = (value: boolean): true | undefined => (value ? true : undefined);

export function diskSpec(draft: DiskDraft, has: Has): Readonly<Record<string, unknown>> {
  const rate = numberOf(draft.mibPerSecond);
  const all: Record<string, unknown> = {
    image: draft.source === "image" ? textOrNone(draft.image) : undefined,
    size_bytes: bytesOf(draft.size),
    name: textOrNone(draft.name),
    storage_class: textOrNone(draft.storage),
    format: textOrNone(draft.format),
    bus: textOrNone(draft.bus),
    preallocate: onlyTrue(draft.preallocate),
    boot: onlyTrue(draft.boot),
    cache: textOrNone(draft.cache),
    discard: onlyTrue(draft.discard),
    iops_max: numberOf(draft.iops),
    bytes_per_second_max: typeof rate === "number" ? rate * 1024 ** 2 : rate,
    read_only: onlyTrue(draft.readOnly),
  };
  return given(Object.fromEntries(Object.entries(all).filter(([field]) => has(field))));
}
