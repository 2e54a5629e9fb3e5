// Pressing keys at a running machine: vm.send-keys. Paced, because a guest's keyboard remembers sixteen strokes and no more.
import { setTimeout as sleep } from "node:timers/promises";
import type { SpecOf } from "../../contract.ts";
import { runningVm } from "../consoles/open.ts";
import type { Session } from "../session.ts";
import { chordOf, codeOf, type KeyName } from "./keycodes.ts";

/** virKeycodeSet. */
const LINUX = 0;
/** How long each key of a text is down: what a slow guest still sees, and 1,024 characters stay well below the deadline. */
const TYPING_MS = 15;
/** QEMU would take its own 100 ms for none. */
const LEAST_MS = 1;

/** Answers how many keys or characters were sent. Throws VM_STATE_INVALID, CONSOLE_UNSUPPORTED. */
export async function sendKeys(session: Session, spec: SpecOf<"vm.send-keys">, signal: AbortSignal): Promise<number> {
  const { domain } = await runningVm(session, spec.vm);
  session.need(await session.state(domain), ["running", "stopping"], "keys reach it while it runs");
  const text = spec.text === undefined ? null : Array.from(spec.text);
  const chords: readonly (readonly KeyName[])[] = text?.map(chordOf) ?? spec.chords ?? [];
  const holdMs = Math.max(LEAST_MS, text ? Math.min(TYPING_MS, spec.hold_ms) : spec.hold_ms);
  for (const [index, chord] of chords.entries()) {
    const keycodes = chord.map(codeOf);
    await session.client.call("domainSendKey", { domain, codeset: LINUX, holdMs, keycodes, flags: 0 }, { signal });
    // QEMU answers at once, then presses one after another and lets them go one after another.
    if (index < chords.length - 1) await sleep(2 * chord.length * holdMs, undefined, { signal });
  }
  return text?.length ?? chords.flat().length;
}
