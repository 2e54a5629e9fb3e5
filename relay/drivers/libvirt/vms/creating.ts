// vm.create: makes what was planned, in steps that are all taken back when one fails.
import type { HandlerResult, JobContext } from "../../contract.ts";
import { changeResult, isPlan, NOT_YET, type Change } from "../../virtual/changes.ts";
import { seedImage } from "../../virtual/seed/image.ts";
import { asWhole, type Undo } from "../../virtual/undo.ts";
import { nestedModeOf } from "./updating/refusals.ts";
import { diskElement } from "../disks/element.ts";
import { diskIdOf, type DiskFacts } from "../domain/devices.ts";
import type { VmMetadata } from "../domain/metadata.ts";
import { withFreeMacs } from "../nics/macs.ts";
import { ensureFilters } from "../nics/new.ts";
import type { Parts } from "../parts.ts";
import type { Ask } from "../session.ts";
import type { Volume } from "../storage/contract.ts";
import type { XmlElement } from "../xml/tree.ts";
import { planCreate, type CreatePlan, type CreateSpec, type PlannedDrive } from "./create-plan.ts";
import { domainXml, type NewCpu } from "./domain-xml.ts";
import { defineNew } from "./defining.ts";
import { startDomain } from "./starting.ts";

/** Flags of domainDefineXmlFlags: VIR_DOMAIN_DEFINE_VALIDATE. What we write is ours to get right. */
const VALIDATE = 1;

/** A drive with a seed of ours, which belongs to its machine alone. */
export const isSeed = ({ kind, source }: DiskFacts): boolean => kind === "cdrom" && /-seed-[0-9a-f]{8}\.iso$/.test(source ?? "");

/** Not all that a newer processor can is emulated right (AVX by QEMU 7.2 crashes guests). */
const EMULATED_MODEL = "Nehalem";

/** With the host's help the host's own; emulated, one that every present system runs on. */
function cpuOf(type: "kvm" | "qemu", nested: boolean, capabilities: CreatePlan["capabilities"]): NewCpu {
  const whole = nestedModeOf(capabilities);
  const isEmulated = type === "qemu" && !nested && capabilities.arch === "x86_64";
  return isEmulated || whole === null ? { mode: "custom", model: EMULATED_MODEL } : { mode: whole, model: null };
}

function disksOf(plan: CreatePlan, volumes: readonly Volume[], seed: Volume | null): XmlElement[] {
  const { bootOrder } = plan;
  const orderOf = (name: string) => (bootOrder.includes(name) ? bootOrder.indexOf(name) + 1 : undefined);
  const drive = ({ name, bus, target }: PlannedDrive, path: string) =>
    diskElement({ id: `drive-${target}`, name, kind: "cdrom", path, format: "raw", bus, target, bootOrder: orderOf(name) });
  const disks = plan.disks.map(({ name, volume: { format }, bus, target, tuning }, index) => {
    const { path } = volumes[index]!;
    return diskElement({ id: diskIdOf(path), name, kind: "disk", path, format, bus, target, tuning, bootOrder: orderOf(name) });
  });
  if (plan.drive) disks.push(drive(plan.drive, plan.drive.path));
  if (plan.seed && seed) disks.push(drive(plan.seed, seed.path));
  return disks;
}

function nicsOf({ nics, bootOrder }: CreatePlan): XmlElement[] {
  for (const { nic, element } of nics)
    if (bootOrder.includes(nic.name)) element.ensure("boot").setAttribute("order", String(bootOrder.indexOf(nic.name) + 1));
  return nics.map(({ element }) => element);
}

const metadataOf = ({ spec, osFamily }: CreatePlan): VmMetadata => ({
  osFamily,
  tags: spec.tags ?? [],
  deletionProtection: spec.deletion_protection ?? false,
  stopAction: "shutdown",
  storageClass: spec.storage_class,
  memoryMinBytes: spec.memory_min_bytes ?? null,
  memoryMaxBytes: spec.memory_max_bytes === spec.memory_bytes ? spec.memory_bytes : null,
  createdAt: new Date().toISOString(),
});

function definitionOf(plan: CreatePlan, type: "kvm" | "qemu", volumes: readonly Volume[], seed: Volume | null): XmlElement {
  const { spec, capabilities } = plan;
  return domainXml({
    uuid: plan.uuid,
    name: spec.name,
    description: spec.description ?? "",
    type,
    arch: capabilities.arch,
    machine: capabilities.machine,
    emulator: capabilities.emulator,
    cpus: spec.cpus,
    topology: spec.cpu_topology ?? null,
    cpu: cpuOf(type, spec.nested ?? false, capabilities),
    nested: spec.nested ?? false,
    memoryBytes: spec.memory_bytes,
    memoryMaxBytes: spec.memory_max_bytes ?? spec.memory_bytes,
    firmware: spec.firmware,
    secureBoot: spec.secure_boot ?? false,
    tpm: spec.tpm ?? false,
    gifts: { tpmModel: capabilities.tpmModel ?? "tpm-crb", nestedMode: nestedModeOf(capabilities) ?? "host-passthrough" },
    videoModel: ["vga", "virtio"].find((model) => capabilities.videoModels.has(model)) ?? "virtio",
    metadata: metadataOf(plan),
    disks: disksOf(plan, volumes, seed),
    nics: nicsOf(plan),
  });
}

/** What was asked for and what follows from it; a seed is said to be there and no more. */
function changesOf({ spec, osFamily, disks, nics, bootOrder }: CreatePlan): Change[] {
  const { seed, start, disks: _disks, nics: _nics, ...asked } = spec;
  const values: Record<string, unknown> = {
    ...asked,
    os_family: osFamily,
    secure_boot: spec.secure_boot ?? false,
    tpm: spec.tpm ?? false,
    nested: spec.nested ?? false,
    autostart: spec.autostart ?? false,
    boot_order: bootOrder,
    disks: disks.map(({ name, sizeBytes, volume, file, bus }) => ({
      name,
      size_bytes: sizeBytes,
      storage_class: volume.storageClass,
      file,
      format: volume.format,
      bus,
    })),
    nics: nics.map(({ nic }) => ({ name: nic.name, network: nic.network, mac: nic.mac })),
    ...(seed === undefined ? {} : { seed: "given" }),
    ...(start ? { state: "running" } : {}),
  };
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return given.map(([field, to]) => ({ field, from: null, to, needs_restart: false }));
}

async function makeDisks({ storage }: Parts, plan: CreatePlan, context: JobContext, undo: Undo): Promise<Volume[]> {
  const volumes: Volume[] = [];
  for (const [index, disk] of plan.disks.entries()) {
    context.signal.throwIfAborted();
    const progress: JobContext["progress"] = (percent, message) =>
      context.progress(
        percent === null ? null : Math.floor((90 * (index + percent / 100)) / plan.disks.length),
        `${disk.name}: ${message}`,
      );
    const ask: Ask = { request: context.request, signal: context.signal, log: (level, message) => context.log(level, message), progress };
    volumes.push(await storage.create(disk.volume, ask, undo));
  }
  return volumes;
}

/** What was planned, into `undo`. For imports too. */
export async function make(parts: Parts, plan: CreatePlan, context: JobContext, undo: Undo): Promise<readonly Volume[]> {
  const { session, storage } = parts;
  const { spec, uuid } = plan;
  const volumes = await makeDisks(parts, plan, context, undo);
  const image = plan.seed && spec.seed && seedImage(uuid, spec.name, spec.seed, new Date());
  const seed = plan.seed && image ? await storage.write(spec.storage_class, plan.seed.file, image, undo) : null;
  context.signal.throwIfAborted();
  context.progress(92, "defining the machine");
  await ensureFilters(session, plan.nics);
  const xml = definitionOf(plan, session.table.domain_type, volumes, seed).toString();
  const macs = spec.nics.flatMap(({ mac }, index) => (mac === undefined ? [] : [{ mac, pointer: `/nics/${index}/mac` }]));
  const wanted = { uuid, name: spec.name, xml, flags: VALIDATE };
  const domain = await withFreeMacs(session, macs, () => defineNew(session, wanted, undo, context));
  if (spec.autostart) await session.client.call("domainSetAutostart", { domain, autostart: true });
  if (spec.start) {
    context.progress(95, "starting the machine");
    await startDomain(session, domain, context.signal);
  }
  context.signal.throwIfAborted();
  return volumes;
}

export async function createVm(parts: Parts, spec: CreateSpec, context: JobContext): Promise<HandlerResult> {
  const plan = await planCreate(parts, spec);
  const outcome = {
    id: isPlan(context) ? NOT_YET : plan.uuid,
    changes: changesOf(plan),
    message: `${spec.name} ${isPlan(context) ? "would be made" : spec.start ? "was made and runs" : "was made"}`,
  };
  if (isPlan(context)) return changeResult(context, { ...outcome, more: { name: spec.name, disks: [], nics: [] } });
  const volumes = await asWhole(context, (undo) => make(parts, plan, context, undo));
  const nics = plan.nics.map(({ id }) => id);
  return changeResult(context, { ...outcome, more: { name: spec.name, disks: volumes.map(({ path }) => parts.storage.idOf(path)), nics } });
}
