// vm.rename. libvirt renames only what is off, has no saved state and no snapshots; all of that is refused before it is asked.
import type { HandlerResult, JobContext, SpecOf } from "../../contract.ts";
import { changeResult, isPlan } from "../../virtual/changes.ts";
import { VmFailure } from "../../virtual/failure.ts";
import { asWhole, type Undo } from "../../virtual/undo.ts";
import { forgetVariables, lieByName, placeVariables, readVariables } from "../copies/variables.ts";
import type { Parts } from "../parts.ts";
import type { ReadVm } from "../session.ts";
import { isLost } from "../storage/removing.ts";
import { needFreeName } from "./create-plan.ts";

/** A storage class of the machine's. Throws STORAGE_OUTSIDE. */
async function classOf({ storage }: Parts, { facts }: ReadVm): Promise<string> {
  if (facts.metadata.storageClass !== null) return facts.metadata.storageClass;
  return (await storage.require(facts.disks.find(({ kind }) => kind === "disk")?.source ?? null)).storageClass;
}

/**
 * What the firmware remembers lies by the machine's name unless the definition says another place: under the new name it
 * would be forgotten, and the next machine of the old name would have it. It goes beside the disks. Answers whether it did.
 */
async function keepVariables(parts: Parts, vm: ReadVm, name: string, context: JobContext, undo: Undo): Promise<boolean> {
  const { session, storage } = parts;
  if (vm.facts.firmware !== "uefi" || !lieByName(session, vm)) return false;
  const bytes = await readVariables(session, vm, context);
  if (!bytes) return false;
  const before = vm.defined.toString();
  await placeVariables(storage, vm.defined, { name, storageClass: await classOf(parts, vm), bytes }, undo);
  undo.push(
    "the machine's changed definition",
    async () => void (await session.client.call("domainDefineXmlFlags", { xml: before, flags: 0 })),
  );
  await session.client.call("domainDefineXmlFlags", { xml: vm.defined.toString(), flags: 0 });
  return true;
}

async function rename(parts: Parts, vm: ReadVm, name: string, context: JobContext): Promise<void> {
  const { session } = parts;
  const old = { ...vm, defined: vm.defined.clone() };
  const isKept = await asWhole(context, async (undo) => {
    const kept = await keepVariables(parts, vm, name, context, undo);
    context.signal.throwIfAborted();
    try {
      await session.client.call("domainRename", { domain: vm.domain, name, flags: 0 });
    } catch (error) {
      if (!isLost(error) || (await session.find(vm.facts.id)).name !== name) throw error;
    }
    return kept;
  });
  if (isKept) await forgetVariables(session, old, context);
}

export async function renameVm(parts: Parts, spec: SpecOf<"vm.rename">, context: JobContext): Promise<HandlerResult> {
  const { session } = parts;
  const vm = await session.read(spec.vm);
  const { id, name } = vm.facts;
  if (name === spec.name) return changeResult(context, { id, changes: [], message: `${name} has that name already` });
  await needFreeName(session, spec.name);
  session.need(vm.state, ["off"], "it must be off to be renamed");
  const { snapshots } = await session.client.call("domainListAllSnapshots", { domain: vm.domain, need: true, flags: 0 });
  if (snapshots.length > 0) throw new VmFailure("VM_HAS_SNAPSHOTS", "A virtual machine with snapshots cannot be renamed on KVM.");
  if (!isPlan(context)) await rename(parts, vm, spec.name, context);
  return changeResult(context, {
    id,
    changes: [{ field: "name", from: name, to: spec.name, needs_restart: false }],
    message: `${name} ${isPlan(context) ? "would be" : "is"} ${spec.name} now`,
  });
}
