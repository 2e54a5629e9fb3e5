// What the host declares: image.list, network.list, storage.list, each with what the agent finds of it; and the same for the edge,
// names and words alone.
import type { VirtualResources } from "../../../protocol/virtual-resources.ts";
import { fieldFailure } from "../virtual/failure.ts";
import { addressingOf } from "../virtual/tables.ts";
import type { HandlersOf, Parts } from "./parts.ts";
import type { DataOf } from "./session.ts";
import { isMedium, type HypervTable } from "./tables.ts";
import { CHOICES, UNSUPPORTED } from "./unsupported.ts";

type Lists = "image.list" | "network.list" | "storage.list";

/** What the file says stands over what the agent says; what it does not tell of is not available. */
const WITH: { readonly [K in Lists]: (table: HypervTable, found: DataOf<K>["items"]) => DataOf<K>["items"] } = {
  "image.list": ({ images }, found) =>
    Object.entries(images).map(([name, { description, path, os_family = null }]) => {
      const { format = null, size_bytes = null, available = false } = found.find((one) => one.name === name) ?? {};
      return { name, kind: isMedium(path) ? "iso" : "disk", os_family, description, format, size_bytes, available };
    }),
  "network.list": ({ networks }, found) =>
    Object.entries(networks).map(([name, network]) => ({
      name,
      description: network.description,
      kind: "switch",
      vlan: network.vlan ?? null,
      vlan_supported: true,
      addressing: addressingOf(network),
      available: found.find((one) => one.name === name)?.available ?? false,
    })),
  "storage.list": ({ storage }, found) =>
    Object.entries(storage).map(([name, { description }]) => {
      const { capacity_bytes = null, available_bytes = null, available = false } = found.find((one) => one.name === name) ?? {};
      return { name, description, formats: ["vhdx"], capacity_bytes, available_bytes, available };
    }),
};

/** The lists as they are told, from what the agent found. */
export const declaredItems = <K extends Lists>(list: K, table: HypervTable, found: DataOf<K>): DataOf<K>["items"] =>
  WITH[list](table, found.items);

export const resourceHandlers = ({ session }: Parts): HandlersOf<Lists> => {
  const list =
    <K extends Lists>(operation: K, words: string) =>
    async (_spec: unknown, context: Parameters<HandlersOf<Lists>[K]>[1]) => {
      const items = declaredItems(operation, session.table, await session.ask(operation, {}, context));
      return { status: "success" as const, message: `${items.length} ${words}`, data: { items } };
    };
  return {
    "image.list": list("image.list", "images"),
    "network.list": list("network.list", "networks"),
    "storage.list": list("storage.list", "storage classes"),
  };
};

/** What the table declares, for the edge. */
export function resourcesOf({ storage, networks, images }: HypervTable): VirtualResources {
  return {
    hypervisor: "hyperv",
    storage: Object.entries(storage).map(([name, { description }]) => ({ name, description })),
    networks: Object.entries(networks).map(([name, { description, vlan = null }]) => ({ name, description, vlan, vlan_supported: true })),
    images: Object.entries(images).map(([name, { description, path, os_family = null }]) => ({
      name,
      description,
      kind: isMedium(path) ? "iso" : "disk",
      os_family,
    })),
    unsupported: [...UNSUPPORTED],
    choices: [...CHOICES],
  };
}

/** What was found of the host's resources, for plans. */
export interface Found {
  readonly images: DataOf<"image.list">["items"];
  readonly networks: DataOf<"network.list">["items"];
  readonly storage: DataOf<"storage.list">["items"];
}

/** Throws STORAGE_NOT_FOUND, STORAGE_UNAVAILABLE. */
export function needStorage({ storage }: Found, name: string, pointer: string): Found["storage"][number] {
  const found = storage.find((one) => one.name === name);
  if (!found) throw fieldFailure("STORAGE_NOT_FOUND", pointer, "is no storage class that the host declares");
  if (!found.available) throw fieldFailure("STORAGE_UNAVAILABLE", pointer, "is declared, and its folder cannot be reached");
  return found;
}

/** Throws IMAGE_NOT_FOUND, STORAGE_UNAVAILABLE. */
export function needImage({ images }: Found, name: string, kind: "disk" | "iso", pointer: string): Found["images"][number] {
  const found = images.find((one) => one.name === name && one.kind === kind);
  if (!found) throw fieldFailure("IMAGE_NOT_FOUND", pointer, `is no ${kind === "iso" ? "ISO" : "disk"} image that the host declares`);
  if (!found.available) throw fieldFailure("STORAGE_UNAVAILABLE", pointer, "is declared, and its file cannot be found");
  return found;
}

/** Throws NETWORK_NOT_FOUND, NETWORK_UNAVAILABLE. */
export function needNetwork({ networks }: Found, name: string, pointer: string): void {
  const found = networks.find((one) => one.name === name);
  if (!found) throw fieldFailure("NETWORK_NOT_FOUND", pointer, "is no network that the host declares");
  if (!found.available) throw fieldFailure("NETWORK_UNAVAILABLE", pointer, "is declared, and its switch is not there");
}
