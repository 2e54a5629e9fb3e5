// vm.clone: another machine with copies of the disks, or disks that stand on the original's. The original is read and never
// changed, and what changes it meanwhile is refused (guard.ts).
import { randomUUID } from "node:crypto";
import type { SpecOf } from "../../contract.ts";
import { changeResult, isPlan, NOT_YET, type Change } from "../../virtual/changes.ts";
import { fieldFailure } from "../../virtual/failure.ts";
import { asWhole } from "../../virtual/undo.ts";
import { macsInUse, mintMac } from "../nics/macs.ts";
import { newNicId } from "../nics/new.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import type { ReadVm, Session } from "../session.ts";
import { listSnapshots } from "../snapshots/view.ts";
import { pick } from "../snapshots/standing.ts";
import { needFreeName } from "../vms/create-plan.ts";
import { defineNew } from "../vms/defining.ts";
import { startDomain } from "../vms/starting.ts";
import { copyDisks, emptyDrives, planDisks, type DiskCopy } from "./copied-disks.ts";
import { refuseAutostart } from "./bases.ts";
import { asAnother } from "./identity.ts";
import { needSame } from "./same.ts";
import { placeVariables, readVariables } from "./variables.ts";

type Spec = SpecOf<"vm.clone">;

/** libvirt copies a disk as it is now and has no way to a state that is kept within it. */
async function refuseSnapshot(session: Session, vm: ReadVm, name: string): Promise<void> {
  pick(await listSnapshots(session, vm.domain), name);
  throw fieldFailure("HYPERVISOR_UNSUPPORTED", "/snapshot", "cannot be copied by libvirt; go back to it and copy the machine then");
}

async function prepare({ session, storage }: Parts, spec: Spec): Promise<{ readonly vm: ReadVm; readonly copies: DiskCopy[] }> {
  const vm = await session.read(spec.vm);
  if (spec.snapshot !== undefined) await refuseSnapshot(session, vm, spec.snapshot);
  await needFreeName(session, spec.name);
  session.need(vm.state, ["off"], "it must be off to be copied");
  if (spec.mode === "linked") await refuseAutostart(session, vm);
  const copies = await planDisks(storage, vm, { stem: spec.name, mode: spec.mode, storageClass: spec.storage_class });
  return { vm, copies };
}

const changesOf = (spec: Spec, copies: readonly DiskCopy[]): Change[] => [
  { field: "name", from: null, to: spec.name, needs_restart: false },
  ...copies.map(({ disk, wanted }) => ({
    field: `disks/${disk.name}`,
    from: null,
    to: { mode: spec.mode, storage_class: wanted.storageClass, format: wanted.format },
    needs_restart: false,
  })),
];

export function cloneHandler(parts: Parts): HandlersOf<"vm.clone">["vm.clone"] {
  const { session, storage } = parts;
  return async (spec, context) => {
    const { vm, copies } = await prepare(parts, spec);
    const uuid = randomUUID();
    const changes = changesOf(spec, copies);
    const said = `${vm.facts.name} copied as ${spec.name}${spec.mode === "linked" ? ", linked to its disks, which are protected from now on" : ""}`;
    if (isPlan(context))
      return changeResult(context, { id: NOT_YET, changes, message: said, more: { name: spec.name, disks: [], nics: [] } });
    return asWhole(context, async (undo) => {
      const before = vm.defined.clone();
      const variables = await readVariables(session, vm, context);
      const taken = await macsInUse(session);
      const nics = asAnother(vm.defined, {
        uuid,
        name: spec.name,
        createdAt: new Date().toISOString(),
        storageClass: spec.storage_class ?? null,
        newMac: () => mintMac(taken),
        newNicId,
      });
      const emptied = await emptyDrives(storage, vm.defined, vm.facts.disks);
      const disks = await copyDisks(storage, vm.defined, copies, context, undo);
      const storageClass = copies[0]?.wanted.storageClass ?? spec.storage_class ?? vm.facts.metadata.storageClass;
      if (variables && storageClass !== null)
        await placeVariables(storage, vm.defined, { name: spec.name, storageClass, bytes: variables }, undo);
      await needSame(session, { ...vm, defined: before });
      context.signal.throwIfAborted();
      const domain = await defineNew(session, { uuid, name: spec.name, xml: vm.defined.toString(), flags: 0 }, undo, context);
      if (spec.start) await startDomain(session, domain, context.signal);
      context.signal.throwIfAborted();
      const drives = emptied.length > 0 ? `; without what was in ${emptied.join(", ")}` : "";
      return changeResult(context, { id: uuid, changes, message: said + drives, more: { name: spec.name, disks, nics } });
    });
  };
}
