// Updates: a change that is said is a change that is there; what was left is said and as it was.
import { expect, it } from "vitest";
import { HOSTILE, MiB, type Contract, type Spec, type The, type Vm } from "./contract.ts";

const valueOf = (vm: Vm, field: string): unknown => vm[field as keyof Vm];

/** An order of boot is read whole: what was not named follows what was. */
function expectField(vm: Vm, field: string, wish: unknown): void {
  const value = valueOf(vm, field);
  expect([field, Array.isArray(wish) && Array.isArray(value) ? value.slice(0, wish.length) : value]).toEqual([field, wish]);
}

/** Plans and makes an update of a machine; gives the fields that it changed. */
async function update(contract: Contract, vm: string, wishes: Spec): Promise<{ readonly changed: readonly string[]; readonly after: Vm }> {
  const before = await contract.get(vm);
  const plan = await contract.run("vm.update", { vm, ...wishes }, true);
  const result = await contract.run("vm.update", { vm, ...wishes });
  const after = await contract.get(vm);
  // What is an error leaves everything; of what is not one, each wish is said to be changed, left, or so already.
  expect([plan.status, plan.data?.changes, plan.data?.not_changed]).toEqual([
    result.status,
    result.data?.changes,
    result.data?.not_changed,
  ]);
  const { changes, not_changed: left } = result.data!;
  for (const [field, wish] of Object.entries(wishes)) {
    const change = changes.find((one) => one.field === field);
    if (change) expect([field, change.from]).toEqual([field, valueOf(before, field)]);
    if (left.some((one) => one.field === field)) expect([field, valueOf(after, field)]).toEqual([field, valueOf(before, field)]);
    else expectField(after, field, wish);
    if (!change && !left.some((one) => one.field === field)) expectField(before, field, wish);
  }
  for (const { field, needs_restart: waits } of changes) expect([field, after.pending.includes(field)]).toEqual([field, waits]);
  expect(after.needs_restart).toBe(changes.some((change) => change.needs_restart));
  return { changed: changes.map(({ field }) => field), after };
}

export function updateCases(the: The): void {
  it("change a machine that is off in every field, and nothing the second time", async () => {
    const contract = the();
    const [network] = contract.networks;
    const { id: vm, nics } = await contract.make("c-updated", {
      disks: [{ size_bytes: 8 * MiB }],
      nics: [{ network }],
      description: "before",
    });
    const wishes = contract.withSupported({
      cpus: 2,
      memory_bytes: 96 * MiB,
      memory_min_bytes: 64 * MiB,
      memory_max_bytes: 128 * MiB,
      memory_buffer_percent: 30,
      description: HOSTILE,
      tags: ["x", "y"],
      os_family: "windows",
      nested: true,
      tpm: true,
      autostart: true,
      autostart_condition: "if-running",
      autostart_delay_ms: 5_000,
      stop_action: "turn-off",
      deletion_protection: true,
      boot_order: ["nic0", "disk0"],
    });
    const { changed, after } = await update(contract, vm, wishes);
    expect(changed.toSorted()).toEqual(Object.keys(wishes).toSorted());
    expect(after.needs_restart).toBe(false);
    expect(await contract.done("vm.update", { vm, ...wishes })).toMatchObject({ changes: [], not_changed: [] });
    // An id stands for its device; null takes dynamic memory away; an empty text and an empty list are values.
    const second = {
      memory_min_bytes: null,
      memory_max_bytes: null,
      description: "",
      tags: [],
      boot_order: [after.disks[0]!.id, nics[0]!],
    };
    const done = await contract.done("vm.update", { vm, ...second });
    expect(done.changes.find(({ field }) => field === "boot_order")?.to).toEqual(["disk0", "nic0"]);
    const read = await contract.get(vm);
    expect(read).toMatchObject({ memory_min_bytes: null, memory_max_bytes: null, description: "", tags: [] });
    expect(read.boot_order.slice(0, 2)).toEqual(["disk0", "nic0"]);
  });

  it("of one that runs are there at once, after a restart, or said to be left", async () => {
    const contract = the();
    const { id: vm } = await contract.make("c-running", { start: true });
    const wishes = { cpus: 2, memory_bytes: 96 * MiB, nested: true, secure_boot: true, tags: ["now"], description: "now" };
    const { changed } = await update(contract, vm, wishes).catch(async (error: unknown) => {
      // All of it may hang on one that cannot be while it runs; then each is asked for alone.
      if (!(await contract.run("vm.update", { vm, ...wishes }, true)).code) throw error;
      const { secure_boot: _whole, ...rest } = wishes;
      return update(contract, vm, rest);
    });
    expect(changed).toEqual(expect.arrayContaining(["tags", "description"]));
    await contract.done("vm.stop", { vm });
    await contract.done("vm.start", { vm });
    const restarted = await contract.get(vm);
    expect(restarted).toMatchObject({ state: "running", needs_restart: false, pending: [] });
    for (const field of changed) expectField(restarted, field, wishes[field as keyof typeof wishes]);
  });

  it("that contradict the machine are refused at the field that is to blame", async () => {
    const contract = the();
    const { id: vm } = await contract.make("c-contrary", { firmware: "bios" });
    await contract.refused("vm.update", { vm, tpm: true }, "VM_CONFIG_INVALID", "/tpm");
    await contract.refused("vm.update", { vm, secure_boot: true }, "VM_CONFIG_INVALID", "/secure_boot");
    await contract.refused("vm.update", { vm, memory_min_bytes: 128 * MiB }, "VM_CONFIG_INVALID", "/memory_min_bytes");
    await contract.refused("vm.update", { vm, boot_order: ["nic7"] }, "VM_CONFIG_INVALID", "/boot_order/0");
  });
}
