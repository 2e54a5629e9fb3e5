// Reading virtual machines: vm.list, vm.get.
import type { HandlersOf, Parts } from "../parts.ts";

export const vmReadingHandlers = ({ reader }: Parts): HandlersOf<"vm.list" | "vm.get"> => ({
  async "vm.list"({ state, tag }) {
    const { lines, unread } = await reader.summaries();
    const items = lines.filter((vm) => (state === undefined || vm.state === state) && (tag === undefined || vm.tags.includes(tag)));
    return {
      status: "success",
      message: `${items.length} virtual machines${unread.length > 0 ? `; ${unread.length} could not be read` : ""}`,
      data: { items },
    };
  },

  async "vm.get"({ vm }) {
    const data = await reader.get(vm);
    return { status: "success", message: `${data.name} is ${data.state}`, data };
  },
});
