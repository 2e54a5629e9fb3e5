// The virtual machines of a host as the edge knows them: pushed by the relay as they change, so that lists need no question to
// the host. One machine in full is read from the host itself (vm.get).
//
//   relay → edge   inventory · inventory · …      on the control connection, after each welcome everything anew
//
// Everything that is told after one welcome has one `generation`; what the edge still has of an older one is gone when a message
// says `complete`. Later messages of the same generation carry changes alone.
import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { vmSummaryData } from "./operations/vm-view.ts";

export const inventoryItemSchema = vmSummaryData;
export type InventoryItem = z.infer<typeof inventoryItemSchema>;

export const inventoryMessageSchema = z.strictObject({
  type: z.literal("inventory"),
  /** Grows with each welcome, and when relay.toml takes the hypervisor away (then: complete, not live, nothing) or gives it back. Counts anew on each link. */
  generation: z.int().min(1),
  /** Everything of this generation was told. */
  complete: z.boolean(),
  /** The hypervisor answers; false: what was told last may be old. */
  live: z.boolean(),
  changed: z.array(inventoryItemSchema).max(LIMITS.inventoryItems),
  /** Ids. */
  removed: z.array(z.string().max(64)).max(LIMITS.inventoryItems),
});
export type InventoryMessage = z.infer<typeof inventoryMessageSchema>;
