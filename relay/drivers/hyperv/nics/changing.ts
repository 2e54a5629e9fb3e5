// nic.update, nic.attach, nic.detach: settings of an adapter; only what differs is sent, and what its state does not allow is said.
import type { HandlerResult, JobContext, SpecOf } from "../../contract.ts";
import { changeResult, isPlan, isSame, type Change, type NotChanged } from "../../virtual/changes.ts";
import { fieldFailure } from "../../virtual/failure.ts";
import { sentenceOf } from "../../virtual/sentence.ts";
import { nameFor } from "../disks/finding.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import { needNetwork } from "../resources.ts";
import { needState, type Session } from "../session.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { needFreeMacs } from "../vms/host-room.ts";
import { changeOf, leftOf } from "../vms/updating.ts";
import { needNic, readWithNetworks, type NicData } from "./finding.ts";

type Read = Awaited<ReturnType<typeof readWithNetworks>>;
type Wishes = Omit<SpecOf<"nic.update">, "vm" | "nic">;

/** A network brings its VLAN, which the agent sets by itself. */
function broughtBy(nic: NicData, network: string | undefined, { table }: Session): Change[] {
  if (network === undefined || network === nic.network) return [];
  const vlan = table.networks[network]?.vlan ?? null;
  return [
    ...(vlan === nic.vlan ? [] : [changeOf({ field: "vlan", from: nic.vlan, to: vlan })]),
    ...(nic.vlan_trunk === null ? [] : [changeOf({ field: "vlan_trunk", from: nic.vlan_trunk, to: null })]),
  ];
}

/** As it is read; an access VLAN and a trunk take each other's place. */
function wishedOf(nic: NicData, wishes: Wishes): Record<string, unknown> {
  const { vlan_trunk: trunk, mac, ...rest } = wishes;
  const whole: Record<string, unknown> = { ...rest };
  if (mac !== undefined) whole["mac"] = mac.toLowerCase();
  if (trunk !== undefined) whole["vlan_trunk"] = { native: trunk.native ?? null, allowed: [...trunk.allowed] };
  const same = (field: string) => {
    const from = nic[field as keyof NicData];
    return isSame(field === "mac" ? nic.mac.toLowerCase() : from, whole[field]);
  };
  return Object.fromEntries(Object.entries(whole).filter(([field]) => !same(field)));
}

function refuse({ vm, found, host }: Read, nic: NicData, wishes: Wishes): void {
  if (wishes.network !== undefined && wishes.network !== nic.network) needNetwork(found, wishes.network, "/network");
  if (wishes.name !== undefined && wishes.name !== nic.name) nameFor(wishes.name, vm, "nic");
  if (wishes.model !== undefined && wishes.model !== nic.model)
    throw fieldFailure("HYPERVISOR_UNSUPPORTED", "/model", "cannot be changed on Hyper-V; add another adapter");
  if (host && wishes.mac?.toLowerCase() !== nic.mac.toLowerCase()) needFreeMacs(host, [wishes.mac], () => "/mac");
  const [min, max] = [wishes.bandwidth_min_bps ?? nic.bandwidth_min_bps, wishes.bandwidth_max_bps ?? nic.bandwidth_max_bps];
  if (max > 0 && min > max && (wishes.bandwidth_min_bps ?? wishes.bandwidth_max_bps) !== undefined)
    throw fieldFailure(
      "VM_CONFIG_INVALID",
      wishes.bandwidth_min_bps === undefined ? "/bandwidth_max_bps" : "/bandwidth_min_bps",
      "must keep bandwidth_min_bps at most bandwidth_max_bps",
    );
  if (wishes.connected && (wishes.network ?? nic.network) === null)
    throw fieldFailure("VM_CONFIG_INVALID", "/connected", "needs a network");
}

async function change(
  { session }: Parts,
  spec: { readonly vm: string; readonly nic: string },
  wishes: Wishes,
  context: JobContext,
): Promise<HandlerResult> {
  const read = await readWithNetworks(session, { vm: spec.vm, mac: wishes.mac }, context);
  const { vm } = read;
  const nic = needNic(vm, spec.nic);
  refuseUnsupported(wishes);
  refuse(read, nic, wishes);
  const wished = wishedOf(nic, wishes);
  const isHeld = (field: string) => vm.state !== "off" && (field === "mac" || vm.state !== "running") && field !== "name";
  const left = Object.keys(wished)
    .filter(isHeld)
    .map((field): NotChanged => ({
      field,
      code: "VM_STATE_INVALID",
      message: `The virtual machine is ${vm.state}; it must be off to change ${field}.`,
    }));
  const changes = Object.entries(wished)
    .filter(([field]) => !isHeld(field))
    .map(([field, to]) => changeOf({ field, from: nic[field as keyof NicData], to }));
  const fields = Object.fromEntries(changes.map(({ field }) => [field, wishes[field as keyof Wishes]]));
  if (fields["network"] !== undefined && wishes.vlan === undefined && wishes.vlan_trunk === undefined)
    changes.push(...broughtBy(nic, wishes.network, session));
  const answer = (done: readonly Change[], notChanged: readonly NotChanged[]) =>
    changeResult(context, { id: nic.id, changes: done, notChanged, message: sentenceOf(done, isPlan(context)) });
  if (isPlan(context) || changes.length === 0) return answer(changes, left);
  const more = leftOf(await session.change({ operation: "nic.update", spec: { vm: vm.id, nic: nic.id, ...fields } }, context));
  return answer(
    changes.filter(({ field }) => !more.some((one) => one.field === field)),
    [...left, ...more],
  );
}

/** Off its switch it has no network; what it is set to otherwise stays. */
async function detach({ session }: Parts, spec: SpecOf<"nic.detach">, context: JobContext): Promise<HandlerResult> {
  const vm = await session.read(spec.vm, context);
  const nic = needNic(vm, spec.nic);
  if (!nic.connected && nic.network === null) return changeResult(context, { id: nic.id, changes: [], message: sentenceOf([], false) });
  needState(vm.state, ["off", "running"], "adapters are connected while it is running or off");
  const changes = [
    ...(nic.network === null ? [] : [changeOf({ field: "network", from: nic.network, to: null })]),
    ...(nic.connected ? [changeOf({ field: "connected", from: true, to: false })] : []),
  ];
  if (!isPlan(context)) await session.change({ operation: "nic.detach", spec: { vm: vm.id, nic: nic.id } }, context);
  return changeResult(context, { id: nic.id, changes, message: sentenceOf(changes, isPlan(context)) });
}

async function attach({ session }: Parts, spec: SpecOf<"nic.attach">, context: JobContext): Promise<HandlerResult> {
  const { vm, found } = await readWithNetworks(session, { vm: spec.vm }, context);
  const nic = needNic(vm, spec.nic);
  needNetwork(found, spec.network, "/network");
  const changes = [
    ...(nic.network === spec.network ? [] : [changeOf({ field: "network", from: nic.network, to: spec.network })]),
    ...broughtBy(nic, spec.network, session),
    ...(nic.connected ? [] : [changeOf({ field: "connected", from: false, to: true })]),
  ];
  if (changes.length > 0) needState(vm.state, ["off", "running"], "adapters are connected while it is running or off");
  if (changes.length > 0 && !isPlan(context))
    await session.change({ operation: "nic.attach", spec: { vm: vm.id, nic: nic.id, network: spec.network } }, context);
  return changeResult(context, { id: nic.id, changes, message: sentenceOf(changes, isPlan(context)) });
}

export const nicChangingHandlers = (parts: Parts): HandlersOf<"nic.attach" | "nic.detach" | "nic.update"> => ({
  "nic.attach": (spec, context) => attach(parts, spec, context),
  "nic.detach": (spec, context) => detach(parts, spec, context),
  "nic.update": ({ vm, nic, ...wishes }, context) => change(parts, { vm, nic }, wishes, context),
});
