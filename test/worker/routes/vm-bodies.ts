// Valid bodies of the routes that change virtual machines, each a job.
import type { VM_ROUTES } from "../../../protocol/api/vm-routes.ts";

export const VM_BODIES = {
  vmCreate: { name: "walked", cpus: 1, memory_bytes: 64 * 1024 ** 2 },
  vmImport: { folder: "walked" },
  vmUpdate: { cpus: 1 },
  vmStart: {},
  vmShutdown: {},
  vmStop: {},
  vmReboot: {},
  vmReset: {},
  vmSuspend: {},
  vmResume: {},
  vmSave: {},
  vmClone: { name: "walked" },
  vmExport: { folder: "walked" },
  vmRename: { name: "walked" },
  vmSendKeys: { text: "walked" },
  diskCreate: { size_bytes: 1024 ** 2 },
  diskUpdate: { cache: "none" },
  nicCreate: { network: "lan" },
  nicUpdate: { network: "lan" },
  snapshotCreate: { name: "walked" },
  snapshotRevert: {},
} as const satisfies Partial<Record<keyof typeof VM_ROUTES, unknown>>;
