// Adding and removing adapters: nic.create, nic.delete. While the machine runs where it can be, else for its next start.
import { setTimeout as sleep } from "node:timers/promises";
import type { HandlerResult, JobContext, SpecOf } from "../../contract.ts";
import { changeResult, isPlan, type Change } from "../../virtual/changes.ts";
import { VmFailure } from "../../virtual/failure.ts";
import { asWhole, type Undo } from "../../virtual/undo.ts";
import { deviceNames } from "../disks/places.ts";
import { answered, undoing } from "../answered.ts";
import { findNic } from "../domain/devices.ts";
import { hasFreeSlot } from "../domain/slots.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import type { DomainRef } from "../rpc/types.ts";
import type { Session } from "../session.ts";
import { isLost } from "../storage/removing.ts";
import { AFFECT, needDefinition } from "../vms/updating/apply.ts";
import type { XmlElement } from "../xml/tree.ts";
import { macsInUse } from "./macs.ts";
import { ensureFilters, settleNic } from "./new.ts";

/** A guest lets a card go in tens of milliseconds, or never: one without a system that obeys. */
const REMOVAL_MS = 10_000;
const LOOK_MS = 50;

/** Cards of conventional PCI find no place on the usual machine's ports. */
const isExpress = (model: string | undefined): boolean => model === undefined || model === "paravirtual" || model === "e1000e";

export async function createNic(
  session: Session,
  { vm: id, ...wanted }: SpecOf<"nic.create">,
  context: JobContext,
): Promise<HandlerResult> {
  const vm = await session.read(id);
  const taken = { names: deviceNames(vm), macs: await macsInUse(session) };
  const settled = await settleNic(session, wanted, taken);
  const canPlug = vm.running !== null && hasFreeSlot(await session.xml(vm.domain, "running"), isExpress(wanted.model));
  if (vm.running) await needDefinition(session, vm.domain);
  const needsRestart = (vm.running !== null && !canPlug) || vm.state === "saved";
  const given = { ...wanted, name: settled.nic.name, mac: settled.nic.mac.toLowerCase() };
  const changes: Change[] = Object.entries(given).flatMap(([field, to]) =>
    to === undefined ? [] : [{ field, from: null, to, needs_restart: needsRestart }],
  );
  if (!isPlan(context)) {
    await ensureFilters(session, [settled]);
    const flags = AFFECT.config | (canPlug ? AFFECT.live : 0);
    const xml = settled.element.toString();
    const args = { domain: vm.domain, xml, flags };
    await answered(context.signal, (options) => session.client.call("domainAttachDeviceFlags", args, options));
  }
  const how = needsRestart ? ", from its next start on" : "";
  const word = isPlan(context) ? "would be added" : "was added";
  return changeResult(context, { id: settled.id, changes, message: `The network adapter ${settled.nic.name} ${word}${how}.` });
}

export async function deleteNic(session: Session, spec: SpecOf<"nic.delete">, context: JobContext): Promise<HandlerResult> {
  const vm = await session.read(spec.vm);
  const defined = findNic(vm.defined, spec.nic);
  const running = vm.running ? findNic(await session.xml(vm.domain, "running"), spec.nic) : null;
  const nic = defined?.nic ?? running?.nic;
  if (!nic) throw new VmFailure("NIC_NOT_FOUND");
  if (defined && vm.running) await needDefinition(session, vm.domain);
  let isGone = vm.state !== "saved";
  if (!isPlan(context)) {
    const { signal } = context;
    // From what runs first: a job that is cancelled while its guest holds on leaves the definition as it was.
    await asWhole(context, async (undo) => {
      if (running) {
        keep(session, vm.domain, running.element, spec.nic, undo, signal);
        isGone = await unplug(session, vm.domain, running.element, spec.nic, signal);
      }
      if (defined) await detach(session, vm.domain, defined.element, AFFECT.config, signal);
    });
  }
  const change: Change = { field: "nic", from: nic.name, to: null, needs_restart: !isGone };
  const word = isPlan(context)
    ? "would be removed"
    : isGone
      ? "was removed"
      : "goes when the machine is off: its guest does not let it go now";
  return changeResult(context, { id: spec.nic, changes: [change], message: `The network adapter ${nic.name} ${word}.` });
}

async function detach(session: Session, domain: DomainRef, element: XmlElement, flags: number, signal: AbortSignal): Promise<void> {
  const args = { domain, xml: element.toString(), flags };
  await answered(signal, (options) => session.client.call("domainDetachDeviceFlags", args, options));
}

/** Put back when a later step fails, unless it is there. */
function keep(session: Session, domain: DomainRef, element: XmlElement, id: string, undo: Undo, signal: AbortSignal): void {
  const back = undoing(signal);
  undo.push("the adapter that was taken from the running machine", async () => {
    if (findNic(await session.xml(domain, "running"), id) !== null) return;
    await session.client.call("domainAttachDeviceFlags", { domain, xml: element.toString(), flags: AFFECT.live }, back());
  });
}

/** libvirt asks the guest and waits a moment only; the card is gone when the domain has it no more. Throws JOB_CANCELLED. */
async function unplug(session: Session, domain: DomainRef, element: XmlElement, id: string, signal: AbortSignal): Promise<boolean> {
  const isThere = async () => findNic(await session.xml(domain, "running"), id) !== null;
  try {
    await detach(session, domain, element, AFFECT.live, signal);
  } catch (error) {
    // It was asked already and goes now, its guest refused, or a cancelled job gave the call up: it is looked at.
    const isAsked = isLibvirtError(error, "OPERATION_FAILED") || isLibvirtError(error, "DEVICE_MISSING");
    if (!isAsked && !(signal.aborted && isLost(error))) throw error;
  }
  for (const deadline = performance.now() + REMOVAL_MS; await isThere();) {
    if (signal.aborted) throw new VmFailure("JOB_CANCELLED", "The guest has not let the adapter go; it was asked to and may still do so.");
    if (performance.now() > deadline) return false;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  return true;
}
