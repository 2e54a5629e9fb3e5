// Reading virtual machines and making and deleting them: vm.list, vm.get, vm.stats, vm.create, vm.delete.
import type { HandlersOf, Parts } from "../parts.ts";
import { createVm } from "./creating.ts";
import { deleteVm } from "./deleting.ts";
import { vmStatsHandlers } from "./stats.ts";

export const vmHandlers = (parts: Parts): HandlersOf<"vm.list" | "vm.get" | "vm.stats" | "vm.create" | "vm.delete"> => {
  const { session } = parts;
  return {
    async "vm.list"({ state, tag }, context) {
      const { items: all } = await session.ask("vm.list", {}, context);
      const items = all.filter((vm) => (state === undefined || vm.state === state) && (tag === undefined || vm.tags.includes(tag)));
      return { status: "success", message: `${items.length} virtual machines`, data: { items } };
    },

    async "vm.get"({ vm }, context) {
      const data = await session.read(vm, context);
      return { status: "success", message: `${data.name} is ${data.state}`, data };
    },

    ...vmStatsHandlers(parts),
    "vm.create": (spec, context) => createVm(parts, spec, context),
    "vm.delete": (spec, context) => deleteVm(parts, spec, context),
  };
};
