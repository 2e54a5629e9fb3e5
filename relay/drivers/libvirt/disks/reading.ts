// disk.list, disk.get: disks of a machine, and volumes of the storage classes with the machine that has each.
import type * as z from "zod";
import type { diskData } from "../../../../protocol/operations/vm-devices.ts";
import { fieldFailure, VmFailure } from "../../virtual/failure.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import { inBatches } from "../storage/batches.ts";
import type { Holder, Volume } from "../storage/contract.ts";
import { idOf } from "./finding.ts";

type DiskView = z.infer<typeof diskData>;

/** A volume by itself: how it is attached is said of the machine that has it. */
async function looseView({ storage }: Parts, volume: Volume, holders: readonly Holder[]): Promise<DiskView | null> {
  const holder = holders.find(({ isBase }) => !isBase);
  const info = await storage.info(volume, holder?.format).catch((error: unknown) => gone(error));
  if (!info) return null;
  const image = (await storage.imageAt(volume.path)) ?? (await storage.imageAt(info.backing));
  return {
    id: idOf(volume),
    name: volume.file,
    vm: holder?.vm ?? null,
    kind: volume.file.endsWith(".iso") ? "cdrom" : "disk",
    size_bytes: info.sizeBytes,
    allocated_bytes: info.allocatedBytes,
    format: info.format,
    storage_class: volume.storageClass,
    image,
    bus: "none",
    boot_index: null,
    cache: "default",
    discard: false,
    iops_max: 0,
    bytes_per_second_max: 0,
    read_only: holder?.isReadOnly ?? false,
  };
}

/** A file that went away since it was listed is no disk. */
function gone(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
  if (error instanceof VmFailure && error.code === "DISK_NOT_FOUND") return null;
  throw error;
}

async function views(parts: Parts, volumes: readonly Volume[]): Promise<DiskView[]> {
  const holders = await parts.storage.allHolders();
  const found = await inBatches(volumes, (volume) => looseView(parts, volume, holders.get(volume.path) ?? []));
  return found.filter((view) => view !== null);
}

export const diskReadingHandlers = (parts: Parts): HandlersOf<"disk.list" | "disk.get"> => ({
  async "disk.list"({ vm, storage_class: storageClass }) {
    if (vm === undefined)
      return { status: "success", message: "Listed.", data: { items: await views(parts, await parts.storage.list(storageClass)) } };
    const { disks } = await parts.reader.get(vm);
    const items = disks.filter((disk) => storageClass === undefined || disk.storage_class === storageClass);
    return { status: "success", message: "Listed.", data: { items } };
  },

  async "disk.get"({ vm, disk }) {
    if (vm === undefined) {
      const [data] = await views(parts, [await parts.storage.find(disk)]);
      if (!data) throw new VmFailure("DISK_NOT_FOUND");
      return { status: "success", message: `${data.name}.`, data };
    }
    const data = (await parts.reader.get(vm)).disks.find(({ id }) => id === disk);
    if (!data) throw fieldFailure("DISK_NOT_FOUND", "/disk", "is no disk of this machine");
    return { status: "success", message: `${data.name}.`, data };
  },
});
