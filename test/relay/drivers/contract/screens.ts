// What is seen of a machine that runs: statistics, picture; keys that are sent to it.
import { expect, it } from "vitest";
import { MiB, type The } from "./contract.ts";

const PNG = "89504e470d0a1a0a";

export function screenCases(the: The): void {
  it("are of a machine that runs: numbers, a picture, keys", async () => {
    const contract = the();
    const [network] = contract.networks;
    const { id: vm, disks, nics } = await contract.make("c-seen", { disks: [{ size_bytes: 8 * MiB }], nics: [{ network }], start: true });
    const [running, stats, whole, small, keys] = await Promise.all([
      contract.get(vm),
      contract.done("vm.stats", { vm }),
      contract.done("vm.screenshot", { vm }),
      contract.done("vm.screenshot", { vm, max_width: 64 }),
      contract.done("vm.send-keys", { vm, chords: [["ctrl", "alt", "delete"], ["a"]] }),
    ]);
    expect(running).toMatchObject({ state: "running", pending: [], needs_restart: false });
    expect(running.memory_assigned_bytes).toBeGreaterThan(0);
    expect(stats).toMatchObject({ id: vm, state: "running" });
    // Counted are those that can be told for certain.
    for (const { id } of stats.disks ?? []) expect(disks).toContain(id);
    for (const { id } of stats.nics ?? []) expect(nics).toContain(id);
    expect(stats.memory_assigned_bytes).toBeGreaterThan(0);
    expect(keys).toEqual({ sent: 4 });
    for (const { png_base64: text, width, height } of [whole, small]) {
      const png = Buffer.from(text, "base64");
      expect(png.subarray(0, 8).toString("hex")).toBe(PNG);
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([width, height]);
    }
    expect(small.width).toBeLessThanOrEqual(64);
    const console = { vm, console: "screen" };
    if (contract.has("vm.console")) expect(await contract.done("vm.console", console)).toEqual({ console: "screen", in_use: false });
    else await contract.refused("vm.console", console, "CONSOLE_UNSUPPORTED");
    await contract.done("vm.stop", { vm });
    expect(await contract.done("vm.stats", { vm })).toMatchObject({ id: vm, state: "off", cpu_percent: 0 });
    await contract.refused("vm.screenshot", { vm }, "VM_STATE_INVALID");
    await contract.refused("vm.send-keys", { vm, text: "a" }, "VM_STATE_INVALID");
  });
}
