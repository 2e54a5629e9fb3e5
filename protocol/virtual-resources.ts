// What a host declares for its virtual machines: storage classes, networks, images, and what its hypervisor can. The relay
// reports it in its catalogue; the edge checks what a specification names against it before a job is made.
import * as z from "zod";
import type { FieldError } from "./inputs.ts";
import { LIMITS } from "./limits.ts";
import { FIRMWARES } from "./operations/vm-hardware.ts";
import { resourceNameSchema } from "./operations/vm-fields.ts";

const text = (max: number) => z.string().max(max);
const named = { name: resourceNameSchema, description: text(300) } as const;

export const virtualResourcesSchema = z.strictObject({
  hypervisor: z.enum(["libvirt", "hyperv"]),
  storage: z.array(z.strictObject(named)).max(LIMITS.vmResources),
  networks: z.array(z.strictObject({ ...named, vlan: z.int().nullable(), vlan_supported: z.boolean() })).max(LIMITS.vmResources),
  images: z
    .array(z.strictObject({ ...named, kind: z.enum(["disk", "iso"]), os_family: z.enum(["linux", "windows", "other"]).nullable() }))
    .max(LIMITS.vmResources),
  /**
   * What of the contract this hypervisor has no place for: a field (`cache`), a field of one operation (`nic.update/model`) or a whole
   * operation (`vm.console`). Forms leave it out, specifications with it are refused.
   */
  unsupported: z.array(text(64)).max(64),
  /** What fields with declared values may be here; all that the contract says where nothing is said. firmware null: with any. */
  choices: z
    .array(z.strictObject({ field: text(64), firmware: z.enum(FIRMWARES).nullable(), values: z.array(text(64)).max(32) }))
    .max(64)
    .default([]),
});
export type VirtualResources = z.infer<typeof virtualResourcesSchema>;

type Values = Readonly<Record<string, unknown>>;
interface Named {
  readonly pointer: string;
  readonly kind: "storage" | "networks" | "disk" | "iso";
  readonly name: string;
}

const WORDS = { storage: "storage class", networks: "network", disk: "disk image", iso: "ISO image" } as const;
const listOf = (value: unknown): Values[] => (Array.isArray(value) ? (value as Values[]) : []);

/** What one level of a specification names; `iso.*` operations mean a medium by `image`, all others a disk's image. */
function namedBy(values: Values, pointer: string, imageKind: "disk" | "iso"): Named[] {
  const fields = [
    ["storage_class", "storage"],
    ["to_storage_class", "storage"],
    ["network", "networks"],
    ["image", imageKind],
    ["iso", "iso"],
  ] as const;
  return fields.flatMap(([field, kind]) => {
    const name = values[field];
    return typeof name === "string" ? [{ pointer: `${pointer}/${field}`, kind, name }] : [];
  });
}

function namesOf(resources: VirtualResources, kind: Named["kind"]): string[] {
  const declared = kind === "disk" || kind === "iso" ? resources.images.filter((image) => image.kind === kind) : resources[kind];
  return declared.map(({ name }) => name);
}

/** How many names a message says. */
const SAID = 10;

function messageOf(kind: Named["kind"], names: readonly string[]): string {
  const what = `is no ${WORDS[kind]} that the host declares`;
  if (names.length === 0) return `${what}; it declares none`;
  return `${what}: ${names.slice(0, SAID).join(", ")}${names.length > SAID ? ", …" : ""}`;
}

/** Names of a valid specification that the host does not declare. `base` is put before the pointers. */
export function checkResources(operation: string, spec: Values, resources: VirtualResources, base: string): FieldError[] {
  const named = [
    ...namedBy(spec, base, operation.startsWith("iso.") ? "iso" : "disk"),
    ...listOf(spec["disks"]).flatMap((disk, index) => namedBy(disk, `${base}/disks/${index}`, "disk")),
    ...listOf(spec["nics"]).flatMap((nic, index) => namedBy(nic, `${base}/nics/${index}`, "disk")),
  ];
  return named.flatMap(({ pointer, kind, name }) => {
    const names = namesOf(resources, kind);
    return names.includes(name) ? [] : [{ pointer, message: messageOf(kind, names) }];
  });
}
