// The table of relay.toml that this driver owns: [libvirt], with what the host declares for its virtual machines.
import { isAbsolute, normalize } from "node:path";
import * as z from "zod";
import { vlanSchema } from "../../../protocol/operations/vm-fields.ts";
import { addressingField, declared, descriptionField, osFamilyField } from "../virtual/tables.ts";
import { resolveAddress } from "./rpc/address.ts";

/** Absolute and as it is: no `..`, no doubled or trailing slash. */
const absolute = z
  .string()
  .max(4096)
  .regex(/^[ -~\u0080-\ufffd]*$/, "must not contain control characters")
  .refine(
    (path) => isAbsolute(path) && normalize(path) === path && (path === "/" || !path.endsWith("/")),
    "must be an absolute path without . or ..",
  );

const isUri = (uri: string): boolean => {
  try {
    resolveAddress(uri);
    return true;
  } catch {
    return false;
  }
};

const network = z
  .strictObject({
    description: descriptionField,
    /** One of the three: a bridge of the host, a network of libvirt, or QEMU's own NAT without a bridge. */
    bridge: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,15}$/)
      .optional(),
    network: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,63}$/)
      .optional(),
    user: z.literal(true).optional(),
    /** The bridge is Open vSwitch's: adapters may have VLANs of their own. */
    openvswitch: z.boolean().default(false),
    /** Access VLAN of every adapter here that says no other; needs Open vSwitch. */
    vlan: vlanSchema.optional(),
    addressing: addressingField,
  })
  .refine(
    (table) => [table.bridge, table.network, table.user].filter((kind) => kind !== undefined).length === 1,
    "takes one of bridge, network, user",
  )
  .refine((table) => !table.openvswitch || table.bridge !== undefined, "openvswitch goes with a bridge")
  .refine((table) => table.vlan === undefined || table.openvswitch, "vlan needs openvswitch = true");

export const libvirtTableSchema = z.strictObject({
  uri: z
    .string()
    .max(4096)
    .default("qemu:///system")
    .refine(isUri, "must be qemu:///system, qemu:///session or the same with +unix and ?socket="),
  /** kvm: with the processor's help; qemu: software emulation. */
  domain_type: z.enum(["kvm", "qemu"]).default("kvm"),
  /** Storage classes: the only folders in which disks are made, changed and deleted. */
  storage: declared(z.strictObject({ description: descriptionField, path: absolute })),
  networks: declared(network),
  /** A path that ends in .iso is a medium for drives, any other a disk to copy. */
  images: declared(z.strictObject({ description: descriptionField, path: absolute, os_family: osFamilyField })),
});
export type LibvirtTable = z.infer<typeof libvirtTableSchema>;
export type NetworkTable = LibvirtTable["networks"][string];
