// Routes of virtual machines, disks, network adapters and snapshots: each is one operation whose specification is made of the
// path, the query and the body. The lists of machines alone are answered by the edge, from what hosts have told it.
import * as z from "zod";
import { inventoryItemSchema } from "../inventory.ts";
import { LIMITS } from "../limits.ts";
import { hostNameSchema } from "../link/control.ts";
import type { OperationDefinition } from "../operations/define.ts";
import { tagSchema } from "../operations/vm-fields.ts";
import { CONSOLES } from "../operations/vm-screen.ts";
import { VM_STATES } from "../operations/vm-view.ts";
import { VM_OPERATIONS as VM } from "../operations/virtual-machines.ts";
import { accepted, change, get, v1, type Route } from "./route.ts";
import { timeSchema } from "./shapes.ts";

const HOST = "/hosts/{host}";
const ONE = `${HOST}/vms/{vm}` as const;

const flag = z.enum(["true", "false"]).optional();
/** What every change takes. */
const submitQuery = z.strictObject({ plan: flag, ttl_ms: z.coerce.number().int().min(1_000).max(LIMITS.jobTtlMaxMs).optional() });

/** A question to the host, answered with the operation's data alone, or a problem with its code. */
const read = <const P extends string, const O extends OperationDefinition>(path: P, operation: O) =>
  get(v1(path), operation.summary, { who: "operation", operation: operation.name }, operation.data);
/** A change: 202 with the job; with `Prefer: wait` 200 with the ended job, or a problem with its code when it failed. */
const act = <const P extends string, const O extends OperationDefinition, B extends z.ZodType>(
  method: Route["method"],
  path: P,
  operation: O,
  body: B,
) => change(method, v1(path), operation.summary, { who: "operation", operation: operation.name }, accepted, { body, query: submitQuery });
const remove = <const P extends string, const O extends OperationDefinition, Q extends z.ZodType>(path: P, operation: O, query: Q) =>
  change("DELETE", v1(path), operation.summary, { who: "operation", operation: operation.name }, accepted, { query });

const withoutVm = { vm: true } as const;
const withoutDisk = { vm: true, disk: true } as const;
const withoutNic = { vm: true, nic: true } as const;
const empty = z.strictObject({});

/** How fresh a list of the edge is: `as_of` is when the host's word was last known to be true. */
const freshness = {
  as_of: timeSchema.nullable().meta({ description: "null: the host has told nothing yet" }),
  stale: z.boolean().meta({ description: "the host is away, or its hypervisor does not answer" }),
} as const;
export const vmListSchema = z.object({
  items: z.array(inventoryItemSchema.extend({ host: z.string() })),
  next_cursor: z.string().nullable(),
  ...freshness,
});
export const vmFleetListSchema = z.object({
  items: z.array(inventoryItemSchema.extend({ host: z.string(), ...freshness })),
  next_cursor: z.string().nullable(),
});
const listQuery = z.strictObject({
  state: z.enum(VM_STATES).optional(),
  tag: tagSchema.optional(),
  limit: z.coerce.number().int().min(1).max(LIMITS.pageItems).default(LIMITS.pageItems),
  cursor: z.string().max(200).optional(),
});
export type VmListQuery = z.output<typeof listQuery>;

export const consoleTicketCreateSchema = z.strictObject({
  console: z.enum(CONSOLES).default("serial"),
  take_over: z.boolean().default(false).meta({ description: "end the session of whoever has the serial console" }),
});
export const consoleTicketSchema = z.object({
  ticket: z.string(),
  url: z.string().meta({ description: "path of the WebSocket on this hostname, with the ticket" }),
  console: z.enum(CONSOLES),
  expires_at: timeSchema,
});

export const VM_ROUTES = {
  vmsEverywhere: get(
    v1("/vms"),
    "Virtual machines of all hosts that you may see, as the hosts told",
    { who: "authenticated" },
    vmFleetListSchema,
    {
      query: listQuery.extend({ host: hostNameSchema.optional() }),
    },
  ),
  vms: get(v1(`${HOST}/vms`), "The virtual machines of a host, as it told", { who: "operation", operation: "vm.list" }, vmListSchema, {
    query: listQuery,
  }),
  vmCreate: act("POST", `${HOST}/vms`, VM["vm.create"], VM["vm.create"].spec),
  vmImport: act("POST", `${HOST}/vms/import`, VM["vm.import"], VM["vm.import"].spec),
  vm: read(ONE, VM["vm.get"]),
  vmUpdate: act("PATCH", ONE, VM["vm.update"], VM["vm.update"].spec.omit(withoutVm)),
  vmDelete: remove(ONE, VM["vm.delete"], submitQuery.extend({ delete_disks: flag, force: flag })),
  vmStart: act("POST", `${ONE}/start`, VM["vm.start"], empty),
  vmShutdown: act("POST", `${ONE}/shutdown`, VM["vm.shutdown"], VM["vm.shutdown"].spec.omit(withoutVm)),
  vmStop: act("POST", `${ONE}/stop`, VM["vm.stop"], empty),
  vmReboot: act("POST", `${ONE}/reboot`, VM["vm.reboot"], VM["vm.reboot"].spec.omit(withoutVm)),
  vmReset: act("POST", `${ONE}/reset`, VM["vm.reset"], empty),
  vmSuspend: act("POST", `${ONE}/suspend`, VM["vm.suspend"], empty),
  vmResume: act("POST", `${ONE}/resume`, VM["vm.resume"], empty),
  vmSave: act("POST", `${ONE}/save`, VM["vm.save"], empty),
  vmClone: act("POST", `${ONE}/clone`, VM["vm.clone"], VM["vm.clone"].spec.omit(withoutVm)),
  vmExport: act("POST", `${ONE}/export`, VM["vm.export"], VM["vm.export"].spec.omit(withoutVm)),
  vmRename: act("POST", `${ONE}/rename`, VM["vm.rename"], VM["vm.rename"].spec.omit(withoutVm)),
  vmSendKeys: act("POST", `${ONE}/send-keys`, VM["vm.send-keys"], VM["vm.send-keys"].spec.omit(withoutVm)),
  vmStats: read(`${ONE}/stats`, VM["vm.stats"]),
  vmScreenshot: get(
    v1(`${ONE}/screenshot`),
    "The screen of a running virtual machine",
    { who: "operation", operation: "vm.screenshot" },
    "image/png",
    { query: z.strictObject({ max_width: z.coerce.number().int().min(64).max(4_096).optional() }) },
  ),
  vmConsole: change(
    "POST",
    v1(`${ONE}/console`),
    "A single-use ticket for a console's WebSocket; valid for 30 s and for you alone",
    { who: "operation", operation: "vm.console" },
    { 201: consoleTicketSchema },
    { body: consoleTicketCreateSchema },
  ),
  vmConsoleSocket: get(
    v1(`${ONE}/console/socket`),
    "The console's WebSocket: binary messages are its bytes (docs/virtual-machines.md)",
    { who: "operation", operation: "vm.console" },
    "websocket",
    { socket: true, query: z.strictObject({ ticket: z.string().max(128) }) },
  ),
  disks: read(`${ONE}/disks`, VM["disk.list"]),
  diskCreate: act("POST", `${ONE}/disks`, VM["disk.create"], VM["disk.create"].spec.omit(withoutVm)),
  disk: read(`${ONE}/disks/{disk}`, VM["disk.get"]),
  diskUpdate: act("PATCH", `${ONE}/disks/{disk}`, VM["disk.update"], VM["disk.update"].spec.omit(withoutDisk)),
  diskDelete: remove(`${ONE}/disks/{disk}`, VM["disk.delete"], submitQuery),
  nics: read(`${ONE}/nics`, VM["nic.list"]),
  nicCreate: act("POST", `${ONE}/nics`, VM["nic.create"], VM["nic.create"].spec.omit(withoutVm)),
  nic: read(`${ONE}/nics/{nic}`, VM["nic.get"]),
  nicUpdate: act("PATCH", `${ONE}/nics/{nic}`, VM["nic.update"], VM["nic.update"].spec.omit(withoutNic)),
  nicDelete: remove(`${ONE}/nics/{nic}`, VM["nic.delete"], submitQuery),
  snapshots: read(`${ONE}/snapshots`, VM["snapshot.list"]),
  snapshotCreate: act("POST", `${ONE}/snapshots`, VM["snapshot.create"], VM["snapshot.create"].spec.omit(withoutVm)),
  /** One of snapshot.list. */
  snapshot: get(
    v1(`${ONE}/snapshots/{snapshot}`),
    "One snapshot of a virtual machine",
    { who: "operation", operation: "snapshot.list" },
    VM["snapshot.list"].data.shape.items.element,
  ),
  snapshotRevert: act(
    "POST",
    `${ONE}/snapshots/{snapshot}/revert`,
    VM["snapshot.revert"],
    VM["snapshot.revert"].spec.omit({ vm: true, snapshot: true }),
  ),
  snapshotDelete: remove(`${ONE}/snapshots/{snapshot}`, VM["snapshot.delete"], submitQuery.extend({ children: flag })),
  images: read(`${HOST}/images`, VM["image.list"]),
  networks: read(`${HOST}/networks`, VM["network.list"]),
  storage: read(`${HOST}/storage`, VM["storage.list"]),
} as const;
