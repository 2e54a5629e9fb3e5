// vm.create: makes what was planned in one run of the agent, taken back as a whole when a part fails.
import type { HandlerResult, JobContext } from "../../contract.ts";
import { changeResult, isPlan, madeOf, NOT_YET, type Change } from "../../virtual/changes.ts";
import { asWhole, type Undo } from "../../virtual/undo.ts";
import { diskSpec } from "../disks/settle.ts";
import { imageCopies, whileCopying } from "../growing.ts";
import type { Parts } from "../parts.ts";
import type { Done } from "../answers.ts";
import type { Ask, Session, Step } from "../session.ts";
import { makeAll, type Left, type Made } from "../whole.ts";
import { planCreate, type CreatePlan, type CreateSpec } from "./create-plan.ts";
import { placeSeed } from "./seed.ts";

/** The id that the first step answers. */
export const MADE = { $result: 0, path: "id" } as const;

/** The machine alone: devices, their order and its protection, which would stand in the way of taking it back, follow. */
function machineSpec({ spec, osFamily, template }: CreatePlan): Record<string, unknown> {
  const {
    disks: _disks,
    nics: _nics,
    iso: _iso,
    seed: _seed,
    start: _start,
    boot_order: _order,
    deletion_protection: _protection,
    ...machine
  } = spec;
  const secureBoot = spec.firmware === "uefi" ? { secure_boot: spec.secure_boot ?? false } : {};
  return {
    ...machine,
    ...secureBoot,
    ...(template === null ? {} : { secure_boot_template: template }),
    ...(osFamily === null ? {} : { os_family: osFamily }),
  };
}

export const deleteVmStep = (vm: string): Step => ({ operation: "vm.delete", spec: { vm, delete_disks: false, force: true } });

const stopStep = (vm: string): Step => ({ operation: "vm.stop", spec: { vm } });

/** A machine that the first step makes. */
export const vmStep = (spec: Record<string, unknown>, name: string): Made => ({
  operation: "vm.create",
  spec,
  at: "",
  back: ({ id }) => (id === undefined ? null : { what: `the virtual machine ${name}`, step: deleteVmStep(id) }),
});

/** A disk of the machine that the first step made. */
export const diskStep = (operation: "disk.create" | "disk.clone", spec: Record<string, unknown>, name: string, at: string): Made => ({
  operation,
  spec,
  at,
  back: ({ id }, [vm]) =>
    id === undefined ? null : { what: `the disk ${name}`, step: { operation: "disk.delete", spec: { vm: vm?.id ?? NOT_YET, disk: id } } },
});

/** What there may be of a machine, when it is not known how far its making came. Only what was not there before is touched. */
export async function lostVm(session: Session, name: string, before: ReadonlySet<string>, ask: Ask): Promise<Left[]> {
  const { items } = await session.ask("vm.list", {}, ask);
  const made = items.find((vm) => vm.name === name && !before.has(vm.id));
  if (!made) return [];
  const { disks } = await session.read(made.id, ask);
  const own = disks.filter(({ kind, storage_class }) => kind === "disk" && storage_class !== null);
  return [
    { what: `the virtual machine ${name}`, step: deleteVmStep(made.id) },
    ...own.map(({ id, name: disk }) => ({
      what: `the disk ${disk}`,
      step: { operation: "disk.delete", spec: { vm: made.id, disk: id } } satisfies Step,
    })),
    { what: `${name}, which runs`, step: stopStep(made.id) },
    ...(made.deletion_protection ? [unprotect({ id: made.id })!] : []),
  ];
}

const unprotect = ({ id }: Done): Left | null =>
  id === undefined ? null : { what: "its protection", step: { operation: "vm.update", spec: { vm: id, deletion_protection: false } } };

function stepsOf(plan: CreatePlan): Made[] {
  const { spec, bootOrder } = plan;
  const steps = [vmStep(machineSpec(plan), spec.name)];
  for (const [index, disk] of plan.disks.entries()) steps.push(diskStep("disk.create", diskSpec(disk, MADE), disk.name, `/disks/${index}`));
  for (const [index, nic] of plan.nics.entries()) steps.push({ operation: "nic.create", spec: { ...nic, vm: MADE }, at: `/nics/${index}` });
  if (spec.iso !== undefined) steps.push({ operation: "iso.attach", spec: { vm: MADE, image: spec.iso } });
  // Generation 1 has an order of kinds alone: it is touched only when asked for.
  const hasOrder = bootOrder.length > 0 && (spec.firmware === "uefi" || spec.boot_order !== undefined);
  const last = { ...(hasOrder ? { boot_order: bootOrder } : {}), ...(spec.deletion_protection ? { deletion_protection: true } : {}) };
  if (Object.keys(last).length > 0)
    steps.push({ operation: "vm.update", spec: { vm: MADE, ...last }, at: "", ...(spec.deletion_protection ? { back: unprotect } : {}) });
  return steps;
}

const start = (vm: unknown): Made => ({
  operation: "vm.start",
  spec: { vm },
  back: (done) => (done.id === undefined ? null : { what: "the running machine", step: stopStep(done.id) }),
});

interface MadeVm {
  readonly id: string;
  readonly disks: readonly string[];
  readonly nics: readonly string[];
}

async function make({ session }: Parts, plan: CreatePlan, context: JobContext, undo: Undo): Promise<MadeVm> {
  const { spec } = plan;
  const steps = stepsOf(plan);
  // A seed is named after the machine, so that it goes with it.
  const isAtOnce = spec.seed === undefined;
  if (isAtOnce && spec.start) steps.push(start(MADE));
  context.progress(null, "making the machine");
  const lost = (ask: Ask) => lostVm(session, spec.name, plan.before, ask);
  const copies = await imageCopies(session.table, plan.disks, spec.name);
  const done = await whileCopying(session.table, copies, context, () =>
    makeAll(session, steps, { ask: context, undo, lost, before: plan.before }),
  );
  const id = done[0]!.id!;
  if (spec.seed !== undefined) {
    const { media, image } = await placeSeed(session.table, spec, id, undo);
    const more: Made[] = [{ operation: "iso.attach", spec: { vm: id, image, new_drive: true } }, ...(spec.start ? [start(id)] : [])];
    // It may run by now, and its disks go only with one that is off.
    const ran = () => Promise.resolve([{ what: "the running machine", step: stopStep(id) }]);
    await makeAll(session, more, { ask: context, undo, media, lost: ran });
  }
  const ids = (operation: string) => steps.flatMap((step, index) => (step.operation === operation ? (done[index]!.id ?? []) : []));
  return { id, disks: ids("disk.create"), nics: ids("nic.create") };
}

/** What was asked for and what follows from it; a seed is said to be there and no more. */
function changesOf({ spec, osFamily, template, disks, nics, bootOrder }: CreatePlan): Change[] {
  const { seed, start: starts, disks: _disks, nics: _nics, ...asked } = spec;
  return madeOf({
    ...asked,
    os_family: osFamily,
    secure_boot: spec.secure_boot ?? false,
    secure_boot_template: template ?? undefined,
    tpm: spec.tpm ?? false,
    nested: spec.nested ?? false,
    autostart: spec.autostart ?? false,
    boot_order: bootOrder,
    disks: disks.map(({ name, sizeBytes, storageClass, bus }) => ({
      name,
      size_bytes: sizeBytes,
      storage_class: storageClass,
      format: "vhdx",
      bus,
    })),
    nics: nics.map(({ name, network, mac = null }) => ({ name, network, mac })),
    seed: seed && "given",
    state: starts ? "running" : undefined,
  });
}

export async function createVm(parts: Parts, spec: CreateSpec, context: JobContext): Promise<HandlerResult> {
  const plan = await planCreate(parts.session, spec, context);
  const said = isPlan(context) ? "would be made" : spec.start ? "was made and runs" : "was made";
  const outcome = { changes: changesOf(plan), message: `${spec.name} ${said}` };
  if (isPlan(context)) return changeResult(context, { ...outcome, id: NOT_YET, more: { name: spec.name, disks: [], nics: [] } });
  const { id, disks, nics } = await asWhole(context, (undo) => make(parts, plan, context, undo));
  return changeResult(context, { ...outcome, id, more: { name: spec.name, disks, nics } });
}
