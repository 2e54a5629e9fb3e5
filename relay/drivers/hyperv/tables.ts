// The table of relay.toml that this driver owns: [hyperv], with what the host declares for its virtual machines.
import { posix, win32 } from "node:path";
import * as z from "zod";
import { vlanSchema } from "../../../protocol/operations/vm-fields.ts";
import { addressingField, declared, descriptionField, osFamilyField } from "../virtual/tables.ts";

/** `D:\VMs`, `\\server\share\VMs`; on other systems, where only tests run this driver, `/srv/vms` too. */
function isAbsolutePath(path: string): boolean {
  const isWindows = /^([A-Za-z]:\\|\\\\[^\\]+\\[^\\]+)/.test(path);
  if (!isWindows) return process.platform !== "win32" && posix.isAbsolute(path) && posix.normalize(path) === path && !/.\/$/.test(path);
  // A second colon would name a stream of a file, a wildcard many files.
  return win32.normalize(path) === path && !/[:*?"<>|]/.test(path.slice(2)) && (/^[A-Za-z]:\\$/.test(path) || !path.endsWith("\\"));
}

/** Windows knows no case. */
const folderKey = (path: string): string => (path.startsWith("/") ? path : path.toLowerCase());

const absolute = z
  .string()
  .max(1024)
  .regex(/^[ -~\u0080-\ufffd]*$/, "must not contain control characters")
  .refine(isAbsolutePath, "must be an absolute path such as D:\\VMs, without . or ..");

export const hypervTableSchema = z.strictObject({
  /** The program that runs the host agent: Windows PowerShell 5.1 or PowerShell 7. The system's own without. */
  powershell: absolute.optional(),
  /** How often the machines are looked at without a cause. */
  inventory_every_ms: z.int().min(5_000).max(3600_000).default(60_000),
  /** Whether Windows is asked to tell of changes that others make, by a PowerShell that waits for them (about 100 MB). */
  inventory_events: z.boolean().default(true),
  /** The shortest time between two looks that others' changes cause; WMI compares so often, too, where no provider tells it. */
  inventory_least_ms: z.int().min(1_000).max(3600_000).default(5_000),
  /** Storage classes: the only folders in which disks are made, changed and deleted. */
  storage: declared(z.strictObject({ description: descriptionField, path: absolute })).refine(
    (table) => new Set(Object.values(table).map(({ path }) => folderKey(path))).size === Object.keys(table).length,
    "must be of a folder each: whose a disk is would not be known",
  ),
  networks: declared(
    z.strictObject({
      description: descriptionField,
      /** A virtual switch, by its name. */
      switch: z
        .string()
        .min(1)
        .max(255)
        .regex(/^[ -~\u0080-\ufffd]*$/, "must not contain control characters"),
      /** Access VLAN of every adapter here that says no other. */
      vlan: vlanSchema.optional(),
      addressing: addressingField,
    }),
  ),
  /** A path that ends in .iso is a medium for drives, any other a disk (.vhdx, .vhd) to copy. */
  images: declared(z.strictObject({ description: descriptionField, path: absolute, os_family: osFamilyField })),
});
export type HypervTable = z.infer<typeof hypervTableSchema>;

export const isMedium = (path: string): boolean => /\.iso$/i.test(path);
