// Opens a console of a running domain as a byte stream: the serial port by libvirt's stream, the screen through QEMU's own
// listener. Knows no viewer.
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { VmFailure } from "../../virtual/failure.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import type { DomainRef } from "../rpc/types.ts";
import { isActive, type Session } from "../session.ts";
import type { XmlElement } from "../xml/tree.ts";
import { screenIn, serialIn, type ScreenPlace, type SerialPlace } from "./places.ts";

/** virDomainConsoleFlags. */
const FORCE = 1;
/** libvirt lets go of a port a moment after its stream has ended. */
const RELEASE_MS = 1_500;
const AGAIN_MS = 50;

export interface Running {
  readonly domain: DomainRef;
  readonly xml: XmlElement;
}

/** Throws VM_NOT_FOUND, VM_STATE_INVALID. */
export async function runningVm(session: Session, vm: string): Promise<Running> {
  const domain = await session.find(vm);
  const state = await session.state(domain);
  if (!isActive(state)) throw new VmFailure("VM_STATE_INVALID", `The virtual machine is ${state}; it has a console while it runs.`);
  return { domain, xml: await session.xml(domain, "running") };
}

/** Throws CONSOLE_UNSUPPORTED. */
export function serialOf({ xml }: Running): SerialPlace {
  const place = serialIn(xml);
  if (!place) throw new VmFailure("CONSOLE_UNSUPPORTED", "The virtual machine has no serial port that the host can open.");
  return place;
}

/** Throws CONSOLE_UNSUPPORTED. */
export function screenOf({ xml }: Running): ScreenPlace {
  const place = screenIn(xml);
  if (place) return place;
  const kinds = (xml.find("devices")?.elements("graphics") ?? []).map((graphics) => graphics.attribute("type") ?? "unknown");
  const what = kinds.length === 0 ? "no screen" : `a screen of kind ${kinds.join(", ")}, but no VNC listener that is this host's alone`;
  throw new VmFailure("CONSOLE_UNSUPPORTED", `The virtual machine has ${what}.`);
}

export interface SerialOptions {
  readonly takeOver: boolean;
  /** This relay had it a moment ago. */
  readonly wasOurs: boolean;
}

/** Throws CONSOLE_IN_USE, and what libvirt says. */
export async function openSerial(session: Session, running: Running, { takeOver, wasOurs }: SerialOptions): Promise<Duplex> {
  const { device } = serialOf(running);
  const args = { domain: running.domain, device, flags: takeOver ? FORCE : 0 };
  const end = performance.now() + (wasOurs ? RELEASE_MS : 0);
  for (;;) {
    try {
      return (await session.client.openStream("domainOpenConsole", args)).stream;
    } catch (error) {
      if (!isLibvirtError(error, "OPERATION_FAILED")) throw error;
      if (performance.now() >= end) throw new VmFailure("CONSOLE_IN_USE", undefined, undefined, { cause: error });
      await sleep(AGAIN_MS);
    }
  }
}

/** Throws HYPERVISOR_ACCESS_DENIED or HYPERVISOR_FAILED where the listener cannot be reached. */
export async function openScreen(place: ScreenPlace, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    try {
      return await dial(place, signal);
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      // QEMU lets one connection wait: others are told to come again.
      if (cause.code !== "EAGAIN" || signal.aborted) throw unreachable(place, cause);
      await sleep(AGAIN_MS);
    }
  }
}

function dial(place: ScreenPlace, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(place);
    const settle = (error: NodeJS.ErrnoException | null) => {
      signal.removeEventListener("abort", onAbort);
      socket.removeListener("error", settle);
      if (!error) return resolve(socket);
      socket.on("error", () => undefined);
      socket.destroy();
      reject(error);
    };
    const onAbort = () => settle(Object.assign(new Error("cancelled"), { code: "ETIMEDOUT" }));
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("error", settle);
    socket.once("connect", () => settle(null));
    if (signal.aborted) onAbort();
  });
}

function unreachable(place: ScreenPlace, cause: NodeJS.ErrnoException): VmFailure {
  const where = "path" in place ? place.path : `${place.host}:${place.port}`;
  if (cause.code === "EACCES" || cause.code === "EPERM")
    return new VmFailure(
      "HYPERVISOR_ACCESS_DENIED",
      `The relay may not open the screen's socket ${where}: give its user the rights that docs/kvm.md names.`,
      undefined,
      { cause },
    );
  return new VmFailure("HYPERVISOR_FAILED", `The screen's socket ${where} cannot be reached: ${cause.code ?? "unknown"}.`, undefined, {
    cause,
  });
}
