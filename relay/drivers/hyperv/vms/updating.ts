// Changing a virtual machine in place: vm.update, vm.rename. Only what differs is sent; what its state does not allow is left and said.
import type { HandlerResult, JobContext, SpecOf } from "../../contract.ts";
import { changeResult, isPlan, type Change, type NotChanged } from "../../virtual/changes.ts";
import { sentenceOf } from "../../virtual/sentence.ts";
import { isErrorCode } from "../../../../protocol/errors.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import type { Done } from "../answers.ts";
import type { Ask, Session, VmData } from "../session.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { needFreeName } from "./create-plan.ts";
import { needRoom } from "./host-room.ts";
import { differences, type Difference, type Wishes } from "./settings.ts";

export const changeOf = ({ field, from, to }: Omit<Difference, "hindered" | "field"> & { readonly field: string }): Change => ({
  field,
  from,
  to,
  needs_restart: false,
});

/** What the agent left, though it was planned. */
export const leftOf = ({ not_changed: left = [] }: Done): NotChanged[] =>
  left.map(({ field, code, message }) => ({ field, code: isErrorCode(code) ? code : "HYPERVISOR_FAILED", message }));

/** Throws HOST_CPUS_SHORT, HOST_MEMORY_SHORT. */
async function readWithRoom(session: Session, id: string, wishes: Wishes, ask: Ask): Promise<VmData> {
  if (wishes.cpus === undefined && wishes.memory_bytes === undefined) return session.read(id, ask);
  const [vm, host] = await session.asks(
    [
      { operation: "vm.get", spec: { vm: id.toLowerCase() } },
      { operation: "hyperv.host", spec: {} },
    ],
    ask,
  );
  needRoom(host, wishes);
  return vm;
}

async function update({ session }: Parts, { vm: id, ...wishes }: SpecOf<"vm.update">, context: JobContext): Promise<HandlerResult> {
  refuseUnsupported(wishes);
  const vm = await readWithRoom(session, id, wishes, context);
  const found = differences(vm, wishes);
  const possible = found.filter(({ hindered }) => hindered === null);
  const hindered = found.flatMap(({ field, hindered: message }): NotChanged[] =>
    message === null ? [] : [{ field, code: "VM_STATE_INVALID", message }],
  );
  const answer = (changes: readonly Change[], left: readonly NotChanged[]) => {
    const said =
      changes.length === 0 && left.length > 0 ? left.map(({ message }) => message).join(" ") : sentenceOf(changes, isPlan(context));
    return changeResult(context, { id: vm.id, changes, notChanged: left, message: said });
  };
  const changes = possible.map(changeOf);
  if (isPlan(context) || possible.length === 0) return answer(changes, hindered);
  const fields = Object.fromEntries(possible.map(({ field, to }) => [field, to]));
  const left = leftOf(await session.change({ operation: "vm.update", spec: { vm: vm.id, ...fields } }, context));
  const kept = new Set(left.map(({ field }) => field));
  return answer(
    changes.filter(({ field }) => !kept.has(field)),
    [...hindered, ...left],
  );
}

async function rename({ session }: Parts, spec: SpecOf<"vm.rename">, context: JobContext): Promise<HandlerResult> {
  const [vm, { items }] = await session.asks(
    [
      { operation: "vm.get", spec: { vm: spec.vm } },
      { operation: "vm.list", spec: {} },
    ],
    context,
  );
  if (vm.name === spec.name) return changeResult(context, { id: vm.id, changes: [], message: `It is called ${spec.name} already` });
  needFreeName(items, spec.name, vm.id);
  const changes = [changeOf({ field: "name", from: vm.name, to: spec.name })];
  if (!isPlan(context)) await session.change({ operation: "vm.rename", spec: { vm: vm.id, name: spec.name } }, context);
  return changeResult(context, { id: vm.id, changes, message: `${vm.name} ${isPlan(context) ? "would be" : "is"} called ${spec.name}` });
}

export const vmUpdatingHandlers = (parts: Parts): HandlersOf<"vm.update" | "vm.rename"> => ({
  "vm.update": (spec, context) => update(parts, spec, context),
  "vm.rename": (spec, context) => rename(parts, spec, context),
});
