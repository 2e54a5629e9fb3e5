// Power: from which state what leads where, what is so already, what is refused.
import { expect, it } from "vitest";
import type { The } from "./contract.ts";

const VERBS = ["vm.start", "vm.shutdown", "vm.stop", "vm.reboot", "vm.reset", "vm.suspend", "vm.resume", "vm.save"] as const;
type Verb = (typeof VERBS)[number];

/** Verbs that change nothing in that state, and such that are refused in it. */
const STATES = {
  off: { there: ["vm.stop"], refused: ["vm.reboot", "vm.reset", "vm.suspend", "vm.resume", "vm.save"] },
  running: { there: ["vm.start"], refused: [] },
  paused: { there: ["vm.suspend"], refused: ["vm.start", "vm.shutdown"] },
  saved: { there: ["vm.save"], refused: ["vm.resume"] },
} as const satisfies Record<string, { readonly there: readonly Verb[]; readonly refused: readonly Verb[] }>;
type State = keyof typeof STATES;

export function powerCases(the: The): void {
  it("leads from state to state; what is so already is a success that changes nothing", async () => {
    const contract = the();
    const { id: vm } = await contract.make("c-power");
    /** What the state lets be and what it forbids: none of it changes anything. */
    const stays = async (state: State) => {
      const { there, refused } = STATES[state];
      for (const verb of there) expect(await contract.done(verb, { vm }), verb).toMatchObject({ id: vm, state, changes: [] });
      for (const verb of refused) await contract.refused(verb, { vm }, "VM_STATE_INVALID");
    };
    const moves = async (verb: Verb, from: State, to: State, spec = {}) => {
      const { id, state, changes } = await contract.done(verb, { vm, ...spec });
      const change = { field: "state", from, to, needs_restart: false };
      expect([verb, id, state, changes]).toEqual([verb, vm, to, [change]]);
    };
    expect(await contract.planned("vm.start", { vm })).toMatchObject({ state: "running", changes: [{ from: "off", to: "running" }] });
    await stays("off");
    await moves("vm.start", "off", "running");
    await stays("running");
    await moves("vm.suspend", "running", "paused");
    await stays("paused");
    await moves("vm.resume", "paused", "running");
    await moves("vm.save", "running", "saved");
    await stays("saved");
    expect((await contract.done("vm.list", { state: "saved" })).items.map(({ id }) => id)).toEqual([vm]);
    await moves("vm.start", "saved", "running");
    await moves("vm.reset", "running", "running");
    await moves("vm.stop", "running", "off");
    expect(await contract.get(vm)).toMatchObject({ state: "off", memory_assigned_bytes: null });
  });

  it("waits for a guest to shut down, and turns it off only when that was asked", async () => {
    const contract = the();
    const { id: vm } = await contract.make("c-patience", { start: true });
    const result = await contract.run("vm.shutdown", { vm, wait_ms: 1_000 });
    const { state } = await contract.get(vm);
    // A guest that obeys is off; one that does not in time may still.
    if (result.status === "success") expect([state, result.data?.state, result.data?.forced]).toEqual(["off", "off", false]);
    else expect(result.code).toBe("VM_SHUTDOWN_TIMEOUT");
    if (state === "off") await contract.done("vm.start", { vm });
    expect(await contract.done("vm.shutdown", { vm, wait_ms: 500, force: true })).toMatchObject({ state: "off" });
    expect((await contract.get(vm)).state).toBe("off");
  });
}
