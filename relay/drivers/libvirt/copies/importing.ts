// vm.import: a machine made as vm.create makes one, from an exported folder's manifest, with copies of the folder's disks. The
// folder comes from outside: nothing in it is believed before it was checked, and nothing of it is changed.
import { join } from "node:path";
import type { JobContext, SpecOf } from "../../contract.ts";
import { changeResult, isPlan, NOT_YET, type Change } from "../../virtual/changes.ts";
import { fieldFailure, VmFailure } from "../../virtual/failure.ts";
import { asWhole, type Undo } from "../../virtual/undo.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import type { Session } from "../session.ts";
import type { Volume } from "../storage/contract.ts";
import { throughLibvirt } from "../storage/bytes.ts";
import { planCreate, type CreatePlan, type CreateSpec } from "../vms/create-plan.ts";
import { make } from "../vms/creating.ts";
import { needFreeUuid } from "../vms/defining.ts";
import { FOLDER_CLASS, pathOf, withFolder, type Folder } from "./folder.ts";
import { refuseImage, IMAGE_HEADER_BYTES } from "./image.ts";
import { MANIFEST_BYTES, MANIFEST_FILE, readManifest, type Manifest } from "./manifest.ts";
import { placeVariables } from "./variables.ts";

type Spec = SpecOf<"vm.import">;

const bad = (message: string): VmFailure => fieldFailure("VM_CONFIG_INVALID", "/folder", message);

async function fileOf({ storage, path }: Folder, file: string): Promise<Volume> {
  const volume = await storage.locate(join(path, file));
  if (volume?.storageClass !== FOLDER_CLASS) throw bad(`holds no plain file ${file}`);
  return volume;
}

async function manifestOf(session: Session, folder: Folder): Promise<Manifest> {
  const file = await fileOf(folder, MANIFEST_FILE);
  const bytes = await throughLibvirt(session, folder.storage, file)(0, MANIFEST_BYTES);
  if (bytes.length >= MANIFEST_BYTES) throw bad("holds a manifest that is too long");
  return readManifest(bytes);
}

/** What vm.create is asked for: another identity unless the old one is to be kept. */
function specOf({ vm }: Manifest, spec: Spec): CreateSpec {
  const nics = vm.nics.map(({ mac, ...nic }) => (spec.identity === "keep" && mac !== undefined ? { ...nic, mac } : nic));
  return { ...vm, name: spec.name ?? vm.name, nics, storage_class: spec.to_storage_class ?? spec.storage_class, start: false };
}

/** Fields of the import's own. */
const OWN: ReadonlySet<string> = new Set(["/name", "/identity"]);

/** The fields that vm.create would name are the manifest's. */
async function pointed<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof VmFailure)) throw error;
    if (!error.errors && error.code.startsWith("NETWORK_"))
      throw new VmFailure(error.code, error.message, [{ pointer: "/folder", message: error.message }]);
    if (!error.errors) throw error;
    const own = (pointer: string) => (pointer === "/storage_class" ? "/to_storage_class" : OWN.has(pointer) ? pointer : "/folder");
    const errors = error.errors.map(({ pointer, message }) => ({ pointer: own(pointer), message: `${pointer.slice(1)} ${message}` }));
    throw new VmFailure(error.code, error.message, errors, { cause: error });
  }
}

interface Planned {
  readonly create: CreatePlan;
  /** null: the firmware begins anew. */
  readonly variables: Buffer | null;
}

async function variablesOf(session: Session, folder: Folder, { variables, vm }: Manifest): Promise<Buffer | null> {
  if (!variables) return null;
  const volume = await fileOf(folder, variables.file);
  const bytes = await throughLibvirt(session, folder.storage, volume)(0, variables.size_bytes + 1).catch(() => null);
  if (vm.firmware !== "uefi" || bytes?.length !== variables.size_bytes)
    throw bad(`holds ${variables.file}, which is not as the manifest says`);
  return bytes;
}

async function plan(parts: Parts, folder: Folder, spec: Spec): Promise<Planned> {
  const { session } = parts;
  const manifest = await manifestOf(session, folder);
  const volumes: Volume[] = [];
  for (const disk of manifest.disks) {
    const volume = await fileOf(folder, disk.file);
    refuseImage(await throughLibvirt(session, folder.storage, volume)(0, IMAGE_HEADER_BYTES), disk);
    volumes.push(volume);
  }
  const variables = await variablesOf(session, folder, manifest);
  if (spec.identity === "keep") await needFreeUuid(session, manifest.id, "/identity");
  const planned = await pointed(() => planCreate(parts, specOf(manifest, spec)));
  const disks = planned.disks.map((disk, index) => ({
    ...disk,
    volume: { ...disk.volume, format: "qcow2" as const, sizeBytes: undefined, source: { mode: "full" as const, volume: volumes[index]! } },
  }));
  for (const { volume } of disks) await folder.storage.plan(volume);
  const uuid = spec.identity === "keep" ? manifest.id.toLowerCase() : planned.uuid;
  return { create: { ...planned, disks, uuid }, variables };
}

async function makeAll(parts: Parts, { create, variables }: Planned, context: JobContext, undo: Undo): Promise<readonly Volume[]> {
  const { session, storage } = parts;
  const volumes = await pointed(() => make(parts, create, context, undo));
  if (!variables) return volumes;
  const root = await session.xml({ name: create.spec.name, uuid: create.uuid, id: -1 }, "defined");
  await placeVariables(storage, root, { name: create.spec.name, storageClass: create.spec.storage_class, bytes: variables }, undo);
  await session.client.call("domainDefineXmlFlags", { xml: root.toString(), flags: 0 });
  return volumes;
}

const changesOf = ({ spec, disks, nics }: CreatePlan): Change[] =>
  [
    { field: "name", to: spec.name },
    ...disks.map(({ name, file, volume }) => ({ field: `disks/${name}`, to: { file, storage_class: volume.storageClass } })),
    ...nics.map(({ nic }) => ({ field: `nics/${nic.name}`, to: { network: nic.network, mac: nic.mac } })),
  ].map((change) => ({ ...change, from: null, needs_restart: false }));

export function importHandler(parts: Parts): HandlersOf<"vm.import">["vm.import"] {
  const { session } = parts;
  return async (spec, context) => {
    const path = await pathOf(session, spec.storage_class, spec.folder);
    return withFolder(session, path, context, async (folder) => {
      const within: Parts = { ...parts, storage: folder.storage };
      const planned = await plan(within, folder, spec);
      const { create } = planned;
      const { name } = create.spec;
      const outcome = { id: create.uuid, changes: changesOf(create), message: `${name} made from ${spec.folder}` };
      const id = spec.identity === "keep" ? create.uuid : NOT_YET;
      if (isPlan(context)) return changeResult(context, { ...outcome, id, more: { name, disks: [], nics: [] } });
      const nics = create.nics.map(({ id: nic }) => nic);
      const volumes = await asWhole(context, (undo) => makeAll(within, planned, context, undo));
      return changeResult(context, { ...outcome, more: { name, disks: volumes.map((volume) => parts.storage.idOf(volume.path)), nics } });
    });
  };
}
