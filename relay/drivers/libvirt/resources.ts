// What the host declares: image.list, network.list, storage.list.
import { realpath, stat } from "node:fs/promises";
import type { VirtualResources } from "../../../protocol/virtual-resources.ts";
import { VmFailure } from "../virtual/failure.ts";
import { networkHandlers } from "./nics/handlers.ts";
import type { HandlersOf, Parts } from "./parts.ts";
import { readHeader } from "./storage/header.ts";
import { imageKind } from "./storage/places.ts";
import type { LibvirtTable } from "./tables.ts";

interface ImageState {
  readonly format: string | null;
  readonly size_bytes: number | null;
  readonly available: boolean;
}

/** Files that may not be read by us are there all the same: libvirt reads them. */
async function imageState(path: string): Promise<ImageState> {
  try {
    const { qcow2, fileBytes } = await readHeader(await realpath(path));
    return { format: qcow2 ? "qcow2" : "raw", size_bytes: qcow2?.virtualBytes ?? fileBytes, available: true };
  } catch {
    const available = await stat(path).then(
      (entry) => entry.isFile(),
      () => false,
    );
    return { format: null, size_bytes: null, available };
  }
}

interface ClassState {
  readonly capacity_bytes: number | null;
  readonly available_bytes: number | null;
  readonly available: boolean;
}

async function classState({ storage }: Parts, name: string): Promise<ClassState> {
  try {
    const { totalBytes, freeBytes } = await storage.space(name);
    return { capacity_bytes: totalBytes, available_bytes: freeBytes, available: true };
  } catch (error) {
    if (error instanceof VmFailure && error.code === "STORAGE_UNAVAILABLE")
      return { capacity_bytes: null, available_bytes: null, available: false };
    throw error;
  }
}

const FORMATS = ["qcow2", "raw"];

export const resourceHandlers = (parts: Parts): HandlersOf<"image.list" | "network.list" | "storage.list"> => ({
  ...networkHandlers(parts),

  async "image.list"() {
    const declared = Object.entries(parts.session.table.images);
    const items = await Promise.all(
      declared.map(async ([name, { description, path, os_family = null }]) => ({
        name,
        kind: imageKind(path),
        os_family,
        description,
        ...(await imageState(path)),
      })),
    );
    return { status: "success", message: `${items.length} images.`, data: { items } };
  },

  async "storage.list"() {
    const declared = Object.entries(parts.session.table.storage);
    const items = await Promise.all(
      declared.map(async ([name, { description }]) => ({ name, description, formats: [...FORMATS], ...(await classState(parts, name)) })),
    );
    return { status: "success", message: `${items.length} storage classes.`, data: { items } };
  },
});

/** What of the contract libvirt has no place for. */
const UNSUPPORTED = [
  "memory_buffer_percent",
  "autostart_condition",
  "autostart_delay_ms",
  "stop_action",
  "secure_boot_template",
  "vm.clone/snapshot",
] as const;

/** What a machine made here takes: its chipset has no IDE. */
const CHOICES: VirtualResources["choices"] = [
  { field: "bus", firmware: null, values: ["virtio", "scsi", "sata"] },
  { field: "format", firmware: null, values: FORMATS },
];

/** What the table declares, for the edge: names and words, no paths. */
export function resourcesOf(table: LibvirtTable): VirtualResources {
  return {
    hypervisor: "libvirt",
    storage: Object.entries(table.storage).map(([name, { description }]) => ({ name, description })),
    networks: Object.entries(table.networks).map(([name, { description, vlan = null, openvswitch }]) => ({
      name,
      description,
      vlan,
      vlan_supported: openvswitch,
    })),
    images: Object.entries(table.images).map(([name, { description, path, os_family = null }]) => ({
      name,
      description,
      kind: imageKind(path),
      os_family,
    })),
    unsupported: [...UNSUPPORTED],
    choices: [...CHOICES],
  };
}
