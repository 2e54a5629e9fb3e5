// Puts a disk into a machine and takes it out: at once where the bus can, else in its definition alone. Knows no volumes.
import { setTimeout as sleep } from "node:timers/promises";
import { VmFailure } from "../../virtual/failure.ts";
import type { Undo } from "../../virtual/undo.ts";
import { readDisks } from "../domain/devices.ts";
import { answered, undoing } from "../answered.ts";
import type { DomainFacts } from "../domain/facts.ts";
import { hasFreeSlot } from "../domain/slots.ts";
import type { CallOptions } from "../rpc/calls.ts";
import { isLibvirtError, type LibvirtError } from "../rpc/errors.ts";
import { isLost } from "../storage/removing.ts";
import { isActive, type Ask, type ReadVm, type Session } from "../session.ts";
import type { XmlElement } from "../xml/tree.ts";
import { scsiController } from "./element.ts";
import { diskIn, hasScsi, isPluggable } from "./places.ts";

/** virDomainDeviceModifyFlags. */
export const LIVE = 1;
export const CONFIG = 2;

/** What a guest gets to let a disk go; libvirt itself waits for five seconds of it. */
const UNPLUG_MS = 20_000;
const LOOK_MS = 250;

export interface Plug {
  /** Takes effect when the machine was off once. */
  readonly needsRestart: boolean;
  /** Needs a controller that the machine has not. */
  readonly controllers: { readonly live: boolean; readonly config: boolean };
}

/** How a disk of that bus would get in. Throws DISK_SLOT_TAKEN. */
export async function planPlug(session: Session, vm: ReadVm, bus: string): Promise<Plug> {
  const config = bus === "scsi" && !hasScsi(vm.defined);
  if (!isActive(vm.state)) return { needsRestart: false, controllers: { live: false, config } };
  if (!isPluggable(bus)) return { needsRestart: true, controllers: { live: false, config } };
  const running = await session.xml(vm.domain, "running");
  const live = bus === "scsi" && !hasScsi(running);
  if ((bus === "virtio" || live) && !hasFreeSlot(running, true)) throw new VmFailure("DISK_SLOT_TAKEN");
  return { needsRestart: false, controllers: { live, config } };
}

const device = (
  session: Session,
  name: "domainAttachDeviceFlags" | "domainDetachDeviceFlags",
  { domain }: ReadVm,
  element: XmlElement,
  flags: number,
  options: CallOptions,
) => session.client.call(name, { domain, xml: element.toString(), flags }, options);

/**
 * Puts in what `planPlug` said; into what runs last, because a guest need not give it back. Each step is taken back when a later
 * one fails. A QEMU that hangs holds a cancelled job no longer than that may take.
 */
export async function plug(
  session: Session,
  vm: ReadVm,
  element: XmlElement,
  plug: Plug,
  { signal }: Pick<Ask, "signal">,
  undo: Undo,
): Promise<void> {
  const back = undoing(signal);
  const places = !isActive(vm.state) || plug.needsRestart ? [CONFIG] : [CONFIG, LIVE];
  const steps = places.flatMap((place) => {
    const needsController = place === LIVE ? plug.controllers.live : plug.controllers.config;
    return [...(needsController ? [{ xml: scsiController(), place }] : []), { xml: element, place }];
  });
  for (const { xml, place } of steps) {
    let isIn = false;
    undo.push(`the new ${xml.name} of the machine`, async () => {
      if (isIn) await device(session, "domainDetachDeviceFlags", vm, xml, place, back());
      if (!isIn || place !== LIVE || xml.name !== "disk") return;
      if (!(await waitGone(session, vm, targetOf(xml), AbortSignal.timeout(back().timeoutMs ?? UNPLUG_MS))))
        throw new VmFailure("VM_BUSY", "The guest does not let the disk go.");
    });
    try {
      await answered(signal, (options) => device(session, "domainAttachDeviceFlags", vm, xml, place, options));
      isIn = true;
    } catch (error) {
      // What is there is done, though nobody said so.
      isIn = isLost(error) && (await isThere(session, vm, xml, place));
      if (!isIn) throw error;
    }
  }
}

async function isThere(session: Session, { domain }: ReadVm, element: XmlElement, place: number): Promise<boolean> {
  const root = await session.xml(domain, place === LIVE ? "running" : "defined");
  return element.name === "disk" ? diskIn(root, targetOf(element)) !== null : hasScsi(root);
}

const targetOf = (disk: XmlElement): string => disk.find("target")?.attribute("dev") ?? "";

export interface Unplug {
  readonly live: XmlElement | null;
  readonly config: XmlElement | null;
  readonly needsRestart: boolean;
}

/** What of a disk there is to take out, and whether the running machine can let it go. Its definition may know it by another target and on another bus than what runs. */
export async function planUnplug(session: Session, vm: ReadVm, disk: string): Promise<Unplug> {
  const elementIn = (root: XmlElement, facts: Pick<DomainFacts, "disks"> | null) => {
    const found = facts?.disks.find(({ id }) => id === disk);
    return found ? diskIn(root, found.target) : null;
  };
  const live = vm.running ? elementIn(await session.xml(vm.domain, "running"), vm.running) : null;
  const canGo = live === null || isPluggable(live.find("target")?.attribute("bus") ?? "");
  return { live: canGo ? live : null, config: elementIn(vm.defined, vm.facts), needsRestart: !canGo };
}

/** From what runs first: a guest that holds on leaves the definition as it was. Throws VM_BUSY then. */
export async function unplug(session: Session, vm: ReadVm, { live, config }: Unplug, ask: Ask, undo: Undo): Promise<void> {
  const back = undoing(ask.signal);
  if (live) {
    undo.push("the disk that was taken from the running machine", () => putBack(session, vm, live, LIVE, back()));
    const refusal = await askToLetGo(session, vm, live, ask);
    ask.progress(null, "Waits for the guest to let the disk go");
    const deadline = AbortSignal.any([ask.signal, AbortSignal.timeout(UNPLUG_MS)]);
    const isGone = await waitGone(session, vm, targetOf(live), deadline);
    const held = refusal?.message ?? "The guest has not let the disk go; it was asked to and may still do so.";
    if (!isGone) throw new VmFailure(ask.signal.aborted ? "JOB_CANCELLED" : "VM_BUSY", held);
  }
  if (!config) return;
  undo.push("the disk that was taken from the machine's definition", () => putBack(session, vm, config, CONFIG, back()));
  await answered(ask.signal, (options) => device(session, "domainDetachDeviceFlags", vm, config, CONFIG, options));
}

/** A guest that was asked before and has not answered is no failure: it may answer now. Gives what QEMU said then. */
async function askToLetGo(session: Session, vm: ReadVm, live: XmlElement, { signal }: Ask): Promise<LibvirtError | null> {
  try {
    await answered(signal, (options) => device(session, "domainDetachDeviceFlags", vm, live, LIVE, options));
    return null;
  } catch (error) {
    if (isLibvirtError(error, "INTERNAL_ERROR")) return error;
    // Given up by a cancelled job: it is looked at, and said.
    if (signal.aborted && isLost(error)) return null;
    throw error;
  }
}

/** As it was, unless it is there. */
async function putBack(session: Session, vm: ReadVm, element: XmlElement, place: number, options: CallOptions): Promise<void> {
  if (!(await isThere(session, vm, element, place))) await device(session, "domainAttachDeviceFlags", vm, element, place, options);
}

async function waitGone(session: Session, { domain }: ReadVm, target: string, deadline: AbortSignal): Promise<boolean> {
  const isThere = async () => readDisks(await session.xml(domain, "running")).some((disk) => disk.target === target);
  while (await isThere()) {
    if (deadline.aborted) return false;
    await sleep(LOOK_MS, undefined, { signal: deadline }).catch(() => undefined);
  }
  return true;
}
