// vm.export: a folder in a storage class with a manifest and full copies of the disks. The machine is read and never changed.
import { changeResult, isPlan } from "../../virtual/changes.ts";
import { asWhole, type Undo } from "../../virtual/undo.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import type { Ask } from "../session.ts";
import { planDisks, shareOf, type DiskCopy } from "./copied-disks.ts";
import { FOLDER_CLASS, needFree, pathOf, withNewFolder, type Folder } from "./folder.ts";
import { MANIFEST_FILE, writeManifest, type Manifest } from "./manifest.ts";
import { needSame } from "./same.ts";
import { readVariables } from "./variables.ts";

interface Written {
  readonly disks: Manifest["disks"];
  readonly bytes: number;
}

/** Always qcow2: an image that says itself what it is, whatever a guest wrote into it. */
async function writeDisks({ storage }: Folder, copies: readonly DiskCopy[], ask: Ask, undo: Undo): Promise<Written> {
  const disks: Manifest["disks"] = [];
  let bytes = 0;
  for (const [index, { disk, wanted }] of copies.entries()) {
    const share = shareOf(ask, disk.name, index, copies.length);
    share.progress(0, "copying");
    const volume = await storage.create({ ...wanted, storageClass: FOLDER_CLASS, stem: disk.name, format: "qcow2" }, share, undo);
    const { sizeBytes, allocatedBytes } = await storage.info(volume, "qcow2");
    disks.push({ name: disk.name, file: volume.file, format: "qcow2", size_bytes: sizeBytes });
    bytes += allocatedBytes;
  }
  return { disks, bytes };
}

async function writeVariables({ storage }: Folder, bytes: Buffer | null, undo: Undo): Promise<Manifest["variables"]> {
  if (bytes === null || bytes.length === 0) return null;
  const file = "variables.fd";
  await storage.write(FOLDER_CLASS, file, bytes, undo);
  return { file, size_bytes: bytes.length };
}

export function exportHandler({ session, storage, reader }: Parts): HandlersOf<"vm.export">["vm.export"] {
  return async ({ vm: id, storage_class: storageClass, folder: name }, context) => {
    const vm = await session.read(id);
    session.need(vm.state, ["off"], "it must be off to be exported");
    const path = await pathOf(session, storageClass, name);
    await needFree(path);
    const copies = await planDisks(storage, vm, { stem: name, mode: "full", storageClass });
    const view = await reader.get(id);
    const now = new Date();
    const { leftOut } = writeManifest(view, { disks: [], variables: null }, now);
    const changes = [{ field: "folder", from: null, to: name, needs_restart: false }];
    const without = leftOut.length > 0 ? `; without ${leftOut.join(", ")}, on no network that this host declares` : "";
    const outcome = { id: vm.facts.id, changes, message: `${vm.facts.name} exported to ${name} in ${storageClass}${without}` };
    if (isPlan(context)) return changeResult(context, { ...outcome, more: { folder: name, bytes: 0 } });
    const bytes = await asWhole(context, (undo) =>
      withNewFolder(session, path, context, undo, async (folder) => {
        const written = await writeDisks(folder, copies, context, undo);
        const variables = await writeVariables(folder, await readVariables(session, vm, context), undo);
        await needSame(session, vm);
        // Last: a folder with a manifest is whole.
        const manifest = writeManifest(view, { disks: written.disks, variables }, now).bytes;
        await folder.storage.write(FOLDER_CLASS, MANIFEST_FILE, manifest, undo);
        context.signal.throwIfAborted();
        return written.bytes + manifest.length + (variables?.size_bytes ?? 0);
      }),
    );
    return changeResult(context, { ...outcome, more: { folder: name, bytes } });
  };
}
