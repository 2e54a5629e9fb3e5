// What the tables of relay.toml of every hypervisor share: how a resource is declared, and what addresses are right on a network.
import * as z from "zod";
import { LIMITS } from "../../../protocol/limits.ts";
import { resourceNameSchema } from "../../../protocol/operations/vm-fields.ts";

export const descriptionField = z.string().max(300).default("");

/** Of an image. */
export const osFamilyField = z.enum(["linux", "windows", "other"]).optional();

const address = z.union([z.ipv4(), z.ipv6()]);

export const addressingField = z
  .strictObject({
    dhcp: z.boolean().default(true),
    network: z.union([z.cidrv4(), z.cidrv6()]).optional(),
    gateway: address.optional(),
    dns: z.array(address).max(8).default([]),
    search_domain: z.string().max(253).optional(),
  })
  .optional();

/** Resources of one kind by their names. */
export const declared = <T extends z.ZodType>(entry: T) =>
  z
    .record(resourceNameSchema, entry)
    .refine((table) => Object.keys(table).length <= LIMITS.vmResources, `must be at most ${LIMITS.vmResources}`)
    .default({});

/** As network.list tells it. */
export function addressingOf({ addressing }: { readonly addressing?: z.infer<typeof addressingField> }) {
  if (!addressing) return null;
  const { dhcp, network = null, gateway = null, dns, search_domain = null } = addressing;
  return { dhcp, network, gateway, dns: [...dns], search_domain };
}
