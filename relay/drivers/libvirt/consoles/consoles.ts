// Consoles of domains as channels of a lane: who has which, how many, and what ends them. Bytes pass in viewer.ts, streams are
// opened in open.ts.
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { OpenOf } from "../../../../protocol/link/lane.ts";
import { LIMITS } from "../../../../protocol/limits.ts";
import { DEAF, type Serve } from "../../../streams/contract.ts";
import { VmFailure } from "../../virtual/failure.ts";
import { explainLibvirt, type Session } from "../session.ts";
import { openScreen, openSerial, runningVm, screenOf, type Running } from "./open.ts";
import { Viewer } from "./viewer.ts";

/** Before the edge gives up on the open, so that the reason is told. */
const OPEN_MS = LIMITS.laneOpenMs - 1_000;
/** libvirt knows that a machine is off a moment after its console has ended. */
const WHY_MS = 600;
const WHY_EVERY_MS = 60;
/** How long a port that was let go may still be libvirt's to give back. */
const RELEASED_MS = 3_000;

const TAKEN = "Somebody else took the console.";

/** All that are open through this process. They outlive a reading of relay.toml, as every exchange that is under way does. */
const viewers = new Set<Viewer>();
/** By machine: who has its serial port. */
const holders = new Map<string, Viewer>();
/** By machine: when it was let go last. */
const released = new Map<string, number>();

export class Consoles {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  readonly serve: Serve<"console"> = (open, channel) => {
    if (viewers.size >= LIMITS.consoles) {
      channel.refuse("STREAMS_EXHAUSTED", `${LIMITS.consoles} consoles of this host are open.`);
      return DEAF;
    }
    const vm = open.vm.toLowerCase();
    const viewer = new Viewer({ channel, isPaced: open.console === "serial", onOver: (one) => leave(vm, one) });
    viewers.add(viewer);
    void this.#join({ ...open, vm }, viewer);
    return viewer;
  };

  /** Somebody has the serial console of the machine through this relay. */
  isInUse(vm: string): boolean {
    return holders.has(vm.toLowerCase());
  }

  /** Never rejects: what fails is told to the viewer. */
  async #join(open: OpenOf<"console">, viewer: Viewer): Promise<void> {
    const late = AbortSignal.timeout(OPEN_MS);
    const signal = AbortSignal.any([late, viewer.gone]);
    try {
      if (open.console === "serial") hold(open, viewer);
      const opening = this.#open(open, signal);
      // What opens too late is of no use to anybody.
      void opening.then(
        ({ stream }) => signal.aborted && stream.destroy(),
        () => undefined,
      );
      const { stream, running } = await Promise.race([opening, whenAborted(signal)]);
      viewer.opened(stream, () => this.#whyEnded(running));
    } catch (error) {
      const failure = error instanceof VmFailure ? error : explainLibvirt(error);
      if (late.aborted) viewer.refuse("HYPERVISOR_TIMEOUT", "The console could not be opened in time.");
      else viewer.refuse(failure?.code ?? "HYPERVISOR_FAILED", failure?.message ?? "The console could not be opened.");
    }
  }

  async #open({ vm, console, take_over: takeOver }: OpenOf<"console">, signal: AbortSignal): Promise<{ stream: Duplex; running: Running }> {
    const running = await runningVm(this.#session, vm);
    if (console === "screen") return { stream: await openScreen(screenOf(running), signal), running };
    const wasOurs = performance.now() - (released.get(vm) ?? Number.NEGATIVE_INFINITY) < RELEASED_MS;
    return { stream: await openSerial(this.#session, running, { takeOver, wasOurs }), running };
  }

  async #whyEnded({ domain }: Running): Promise<string> {
    for (const end = performance.now() + WHY_MS; performance.now() < end; await sleep(WHY_EVERY_MS)) {
      const state = await this.#session.state(domain).catch((error: unknown) => explainLibvirt(error)?.code ?? "unknown");
      if (state === "VM_NOT_FOUND") return "The virtual machine is gone.";
      if (state.startsWith("HYPERVISOR_")) return "The console has ended; the hypervisor does not say why.";
      if (state === "off" || state === "saved" || state === "crashed") return `The virtual machine is ${state}.`;
    }
    return "The host closed the console, or somebody else took it.";
  }
}

/** Throws CONSOLE_IN_USE. */
function hold({ vm, take_over: takeOver }: OpenOf<"console">, viewer: Viewer): void {
  const holder = holders.get(vm);
  if (holder && !takeOver) throw new VmFailure("CONSOLE_IN_USE");
  holders.set(vm, viewer);
  holder?.ended(TAKEN);
}

function leave(vm: string, viewer: Viewer): void {
  viewers.delete(viewer);
  if (holders.get(vm) !== viewer) return;
  holders.delete(vm);
  released.delete(vm);
  released.set(vm, performance.now());
  if (released.size > LIMITS.inventory) for (const oldest of released.keys()) return void released.delete(oldest);
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(new VmFailure("HYPERVISOR_TIMEOUT"));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}
