// Networks that the host's file declares: where network adapters are connected, and what addresses are right there.
import * as z from "zod";
import { defineOperation } from "./define.ts";
import { READ } from "./vm-fields.ts";

const addressing = z.object({
  dhcp: z.boolean(),
  network: z.string().nullable().meta({ description: "CIDR" }),
  gateway: z.string().nullable(),
  dns: z.array(z.string()),
  search_domain: z.string().nullable(),
});

export const networkList = defineOperation({
  ...READ,
  name: "network.list",
  summary: "The networks that the host declares, with VLAN and address settings",
  spec: z.strictObject({}),
  data: z.object({
    items: z.array(
      z.object({
        name: z.string(),
        description: z.string(),
        kind: z.enum(["bridge", "nat", "switch", "user"]).meta({ description: "switch: Hyper-V's" }),
        vlan: z.int().nullable(),
        vlan_supported: z.boolean().meta({ description: "false: an adapter here can have no VLAN of its own" }),
        addressing: addressing.nullable(),
        available: z.boolean(),
      }),
    ),
  }),
});
