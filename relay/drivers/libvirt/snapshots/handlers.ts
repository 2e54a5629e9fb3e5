// Snapshots: snapshot.*. Looks before it acts; libvirt takes, reverts and deletes them within the machine's own images.
import { changeResult, isPlan, type Change } from "../../virtual/changes.ts";
import { VmFailure } from "../../virtual/failure.ts";
import type { SpecOf } from "../../contract.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import { isActive } from "../session.ts";
import { XmlElement } from "../xml/tree.ts";
import { longCall } from "./long-call.ts";
import { refuseTaking } from "./refusals.ts";
import { revertHandler } from "./reverting.ts";
import { pick, refuseDeleting } from "./standing.ts";
import { currentSnapshot, descendants, listSnapshots } from "./view.ts";

const CHILDREN_TOO = 1;

function snapshotXml({ name, description = "" }: SpecOf<"snapshot.create">): string {
  const root = new XmlElement("domainsnapshot");
  root.append(new XmlElement("name")).setText(name);
  if (description !== "") root.append(new XmlElement("description")).setText(description);
  return root.toString();
}

const changed = (from: string | null, to: string | null): Change => ({ field: "snapshot", from, to, needs_restart: false });

type Handlers = HandlersOf<"snapshot.list" | "snapshot.create" | "snapshot.revert" | "snapshot.delete">;

function listHandler({ session }: Parts): Handlers["snapshot.list"] {
  return async ({ vm }) => {
    const domain = await session.find(vm);
    const [all, current] = await Promise.all([listSnapshots(session, domain), currentSnapshot(session, domain)]);
    const items = all.map(({ name, parent, state, memory, kind, description, createdAt }) => ({
      name,
      parent,
      current: name === current,
      state,
      memory,
      kind,
      description,
      // What a snapshot alone takes within its image is not told.
      size_bytes: null,
      created_at: createdAt,
    }));
    return { status: "success", message: `${items.length} snapshots`, data: { items } };
  };
}

function createHandler({ session, storage }: Parts): Handlers["snapshot.create"] {
  return async (spec, context) => {
    const vm = await session.read(spec.vm);
    const { domain } = vm;
    const all = await listSnapshots(session, domain);
    if (all.some(({ name }) => name === spec.name)) throw new VmFailure("SNAPSHOT_EXISTS", `There is a snapshot ${spec.name} already.`);
    session.need(vm.state, ["running", "paused", "off"], "it must run, be paused or be off for a snapshot");
    const runs = isActive(vm.state);
    if (!runs && spec.memory === true) throw new VmFailure("VM_STATE_INVALID", "The virtual machine is off and has no memory to keep.");
    await refuseTaking({ session, storage }, vm, { name: spec.name, withMemory: spec.memory ?? runs });
    const outcome = { id: spec.name, changes: [changed(null, spec.name)], message: `snapshot ${spec.name} of ${vm.facts.name} taken` };
    if (isPlan(context)) return changeResult(context, outcome);
    const what = runs ? "keeping disks and memory" : "keeping disks";
    await longCall(session, { domain, ask: context, what }, (options) =>
      session.client.call("domainSnapshotCreateXml", { domain, xml: snapshotXml(spec), flags: 0 }, options),
    );
    return changeResult(context, outcome);
  };
}

function deleteHandler({ session, storage }: Parts): Handlers["snapshot.delete"] {
  return async ({ vm: id, snapshot: name, children }, context) => {
    const vm = await session.read(id);
    const all = await listSnapshots(session, vm.domain);
    const found = pick(all, name);
    const below = children ? descendants(all, name).map((snapshot) => pick(all, snapshot.name)) : [];
    await refuseDeleting(storage, vm, [found, ...below]);
    const changes = [found, ...below].map((snapshot) => changed(snapshot.name, null));
    const outcome = { id: name, changes, message: `${changes.length} snapshots of ${vm.facts.name} deleted` };
    if (isPlan(context)) return changeResult(context, outcome);
    await longCall(session, { domain: vm.domain, ask: context, what: "deleting" }, (options) =>
      session.client.call("domainSnapshotDelete", { snapshot: found.ref, flags: children ? CHILDREN_TOO : 0 }, options),
    );
    return changeResult(context, outcome);
  };
}

export const snapshotHandlers = (parts: Parts): Handlers => ({
  "snapshot.list": listHandler(parts),
  "snapshot.create": createHandler(parts),
  "snapshot.revert": revertHandler(parts),
  "snapshot.delete": deleteHandler(parts),
});
