// Making and deleting virtual machines: vm.create, vm.delete, vm.rename.
import type { HandlersOf, Parts } from "../parts.ts";
import { createVm } from "./creating.ts";
import { deleteVm } from "./deleting.ts";
import { renameVm } from "./renaming.ts";

export const vmMakingHandlers = (parts: Parts): HandlersOf<"vm.create" | "vm.delete" | "vm.rename"> => ({
  "vm.create": (spec, context) => createVm(parts, spec, context),
  "vm.delete": (spec, context) => deleteVm(parts, spec, context),
  "vm.rename": (spec, context) => renameVm(parts, spec, context),
});
