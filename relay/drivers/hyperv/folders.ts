// Machines in folders: vm.export and vm.import, each one verb of the agent.
import { lstat, rm } from "node:fs/promises";
import { join } from "node:path";
import type { HandlerResult, JobContext, SpecOf } from "../contract.ts";
import { changeResult, isPlan, madeOf, NOT_YET } from "../virtual/changes.ts";
import { fieldFailure, VmFailure } from "../virtual/failure.ts";
import { whileGrowing } from "../virtual/growth.ts";
import { asWhole } from "../virtual/undo.ts";
import { needId } from "./disks/handlers.ts";
import { needFileName } from "./file-names.ts";
import type { HandlersOf, Parts } from "./parts.ts";
import { needStorage } from "./resources.ts";
import { needState, type Session } from "./session.ts";
import { findAll, needFreeName } from "./vms/create-plan.ts";
import { lostVm } from "./vms/creating.ts";
import { makeAll, type Made } from "./whole.ts";

/** Throws STORAGE_NOT_FOUND, SPEC_INVALID. */
function folderOf({ table }: Session, storageClass: string, folder: string): string {
  const place = Object.hasOwn(table.storage, storageClass) ? table.storage[storageClass] : undefined;
  if (!place) throw fieldFailure("STORAGE_NOT_FOUND", "/storage_class", "is no storage class that the host declares");
  needFileName(folder, "/folder");
  return join(place.path, folder);
}

/** Of what is there itself, not of what a link leads to; null: nothing. Throws STORAGE_UNAVAILABLE. */
async function kindOf(path: string): Promise<"folder" | "other" | null> {
  try {
    return (await lstat(path)).isDirectory() ? "folder" : "other";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw fieldFailure("STORAGE_UNAVAILABLE", "/storage_class", "is declared, and its folder cannot be read");
  }
}

async function exported({ session }: Parts, spec: SpecOf<"vm.export">, context: JobContext): Promise<HandlerResult> {
  const vm = await session.read(spec.vm, context);
  needState(vm.state, ["off"], "it must be off to be exported");
  const { storage_class: storageClass, folder } = spec;
  const path = folderOf(session, storageClass, folder);
  if ((await kindOf(path)) !== null)
    throw new VmFailure("DISK_EXISTS", "There is something of the folder's name already.", [{ pointer: "/folder", message: "is taken" }]);
  const changes = madeOf({ folder });
  const outcome = {
    id: vm.id,
    changes,
    message: `${vm.name} ${isPlan(context) ? "would be exported" : "exported"} to ${folder} in ${storageClass}`,
  };
  if (isPlan(context)) return changeResult(context, { ...outcome, more: { folder, bytes: 0 } });
  context.progress(null, "copying");
  return asWhole(context, async (undo) => {
    // It was not there before: what an agent that was ended had begun is ours. What came in between is another's.
    let isOurs = true;
    undo.push(`the folder ${folder}`, async () => {
      if (isOurs) await rm(path, { recursive: true, force: true });
    });
    const step = { operation: "vm.export", spec: { ...spec, vm: vm.id } } as const;
    const expectedBytes = vm.disks.reduce((sum, { kind, allocated_bytes: bytes }) => sum + (kind === "disk" ? (bytes ?? 0) : 0), 0);
    const growing = { paths: [path], expectedBytes, message: "copying" };
    const work = () => session.change(step, context);
    const done = await whileGrowing(growing, (percent, text) => context.progress(percent, text), work).catch((error: unknown) => {
      isOurs = !(error instanceof VmFailure && error.code === "DISK_EXISTS");
      throw error;
    });
    return changeResult(context, { ...outcome, more: { folder, bytes: done.bytes ?? 0 } });
  });
}

async function imported({ session }: Parts, spec: SpecOf<"vm.import">, context: JobContext): Promise<HandlerResult> {
  const path = folderOf(session, spec.storage_class, spec.folder);
  if ((await kindOf(path)) !== "folder")
    throw new VmFailure("DISK_NOT_FOUND", "There is no such exported folder.", [
      { pointer: "/folder", message: "is no folder of that storage class" },
    ]);
  const found = await findAll(session, context);
  needStorage(found, spec.storage_class, "/storage_class");
  if (spec.to_storage_class !== undefined) needStorage(found, spec.to_storage_class, "/to_storage_class");
  if (spec.name !== undefined) needFreeName(found.vms, spec.name);
  const planned = { name: spec.name ?? spec.folder, disks: [], nics: [] };
  const changes = (name: string) => madeOf({ name, storage_class: spec.to_storage_class ?? spec.storage_class });
  if (isPlan(context))
    return changeResult(context, {
      id: NOT_YET,
      changes: changes(planned.name),
      message: `${planned.name} would be imported`,
      more: planned,
    });
  context.progress(null, "copying");
  const before = new Set(found.vms.map(({ id }) => id));
  const name = spec.name;
  return asWhole(context, async (undo) => {
    const step: Made = { operation: "vm.import", spec: { ...spec } };
    // Without a name of ours nothing tells whose a machine is that came meanwhile.
    const lost = name === undefined ? {} : { lost: (ask: Parameters<typeof lostVm>[3]) => lostVm(session, name, before, ask) };
    const [done] = await makeAll(session, [step], { ask: context, undo, before, ...lost });
    const more = { name: done!.name ?? planned.name, disks: done!.disks ?? [], nics: done!.nics ?? [] };
    return changeResult(context, { id: needId(done!.id), changes: changes(more.name), message: `${more.name} was imported`, more });
  });
}

export const folderHandlers = (parts: Parts): HandlersOf<"vm.export" | "vm.import"> => ({
  "vm.export": (spec, context) => exported(parts, spec, context),
  "vm.import": (spec, context) => imported(parts, spec, context),
});
