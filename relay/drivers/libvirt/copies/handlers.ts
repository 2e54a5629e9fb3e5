// Copies of virtual machines: vm.clone, vm.export, vm.import.
import type { HandlersOf, Parts } from "../parts.ts";
import { cloneHandler } from "./cloning.ts";
import { exportHandler } from "./exporting.ts";
import { importHandler } from "./importing.ts";

export const copyHandlers = (parts: Parts): HandlersOf<"vm.clone" | "vm.export" | "vm.import"> => ({
  "vm.clone": cloneHandler(parts),
  "vm.export": exportHandler(parts),
  "vm.import": importHandler(parts),
});
