// Network adapters: nic.*. Each change is planned from what is there, then one verb of the agent.
import type { HandlerResult, JobContext, SpecOf } from "../../contract.ts";
import { changeResult, isPlan, madeOf } from "../../virtual/changes.ts";
import { nameFor } from "../disks/finding.ts";
import { needId } from "../disks/handlers.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import { needState, type VmData } from "../session.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { needFreeMacs } from "../vms/host-room.ts";
import { changeOf } from "../vms/updating.ts";
import { nicChangingHandlers } from "./changing.ts";
import { needNic, readWithNetworks } from "./finding.ts";
import { settleNic } from "./settle.ts";

/** Adapters come and go while the machine runs with generation 2, else only while it is off. */
function needPlug(vm: VmData, model: string | undefined): void {
  const canRun = vm.firmware === "uefi" && model !== "legacy";
  needState(
    vm.state,
    canRun ? ["off", "running"] : ["off"],
    canRun ? "adapters come and go while it is running or off" : "it must be off for that",
  );
}

async function create({ session }: Parts, { vm: id, ...spec }: SpecOf<"nic.create">, context: JobContext): Promise<HandlerResult> {
  refuseUnsupported(spec);
  const { vm, found, host } = await readWithNetworks(session, { vm: id, mac: spec.mac }, context);
  const nic = settleNic(found, { ...spec, name: nameFor(spec.name, vm, "nic") }, { firmware: vm.firmware, at: "" });
  needPlug(vm, nic.model);
  if (host) needFreeMacs(host, [nic.mac], () => "/mac");
  const changes = madeOf({ ...nic });
  if (isPlan(context))
    return changeResult(context, { id: `new-${nic.name}`, changes, message: `The network adapter ${nic.name} would be added.` });
  const done = await session.change({ operation: "nic.create", spec: { vm: vm.id, ...nic } }, context);
  return changeResult(context, { id: needId(done.id), changes, message: `The network adapter ${nic.name} was added.` });
}

async function remove({ session }: Parts, spec: SpecOf<"nic.delete">, context: JobContext): Promise<HandlerResult> {
  const vm = await session.read(spec.vm, context);
  const nic = needNic(vm, spec.nic);
  needPlug(vm, nic.model);
  if (!isPlan(context)) await session.change({ operation: "nic.delete", spec: { vm: vm.id, nic: nic.id } }, context);
  const changes = [changeOf({ field: "nic", from: nic.name, to: null })];
  return changeResult(context, {
    id: nic.id,
    changes,
    message: `The network adapter ${nic.name} ${isPlan(context) ? "would be" : "was"} removed.`,
  });
}

type NicOperations = "nic.list" | "nic.get" | "nic.create" | "nic.attach" | "nic.detach" | "nic.update" | "nic.delete";

export const nicHandlers = (parts: Parts): HandlersOf<NicOperations> => ({
  async "nic.list"({ vm }, context) {
    const data = await parts.session.ask("nic.list", { vm }, context);
    return { status: "success", message: `${data.items.length} network adapters`, data };
  },
  async "nic.get"(spec, context) {
    const data = await parts.session.ask("nic.get", spec, context);
    return { status: "success", message: data.name, data };
  },
  "nic.create": (spec, context) => create(parts, spec, context),
  "nic.delete": (spec, context) => remove(parts, spec, context),
  ...nicChangingHandlers(parts),
});
