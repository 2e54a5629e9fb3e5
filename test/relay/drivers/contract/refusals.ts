// What is refused before anything is touched: names that nothing has, what does not fit, fields that the host has no place for.
import { expect, it } from "vitest";
import { DISK_BUSES, DISK_FORMATS, NIC_MODELS } from "../../../../protocol/operations/vm-devices.ts";
import { MiB, pointerOf, type Spec, type The } from "./contract.ts";

const GiB = 1024 * MiB;
const MACHINE = { name: "c-refused", cpus: 1, memory_bytes: 64 * MiB } as const;

/** A wish for each field that a hypervisor may have no place for. */
const WISHES: Readonly<Record<string, { readonly spec: Spec; readonly pointer?: string }>> = {
  memory_buffer_percent: { spec: { memory_buffer_percent: 20, memory_max_bytes: 128 * MiB } },
  autostart_condition: { spec: { autostart: true, autostart_condition: "if-running" } },
  autostart_delay_ms: { spec: { autostart: true, autostart_delay_ms: 1_000 } },
  stop_action: { spec: { stop_action: "save" } },
  secure_boot_template: { spec: { secure_boot: true, secure_boot_template: "microsoft-windows" } },
  cpu_topology: { spec: { cpus: 2, cpu_topology: { sockets: 1, cores: 2, threads: 1 } } },
  cache: { spec: { disks: [{ size_bytes: 8 * MiB, cache: "none" }] }, pointer: "/disks/0/cache" },
  discard: { spec: { disks: [{ size_bytes: 8 * MiB, discard: false }] }, pointer: "/disks/0/discard" },
  bytes_per_second_max: {
    spec: { disks: [{ size_bytes: 8 * MiB, bytes_per_second_max: 1_000_000 }] },
    pointer: "/disks/0/bytes_per_second_max",
  },
  read_only: { spec: { disks: [{ size_bytes: 8 * MiB, read_only: true }] }, pointer: "/disks/0/read_only" },
};

export function refusalCases(the: The): void {
  it("are of what nothing has and what does not fit", async () => {
    const contract = the();
    const [network] = contract.networks;
    const bytes = await contract.imageBytes();
    const refused = (more: Spec, code: string, pointer: string) => contract.refused("vm.create", { ...MACHINE, ...more }, code, pointer);
    const disks = (disk: Spec) => ({ disks: [{ size_bytes: 8 * MiB }, disk] });
    await refused({ storage_class: "nope" }, "STORAGE_NOT_FOUND", "/storage_class");
    await refused(disks({ size_bytes: 8 * MiB, storage_class: "nope" }), "STORAGE_NOT_FOUND", "/disks/1/storage_class");
    await refused(disks({ image: "constructor" }), "IMAGE_NOT_FOUND", "/disks/1/image");
    await refused(disks({ image: contract.iso }), "IMAGE_NOT_FOUND", "/disks/1/image");
    await refused(disks({ image: contract.image, size_bytes: bytes / 2 }), "DISK_SHRINK_REFUSED", "/disks/1/size_bytes");
    await refused(disks({ size_bytes: 60 * 1024 * GiB, preallocate: true }), "STORAGE_FULL", "/disks/1/size_bytes");
    await refused({ iso: contract.image }, "IMAGE_NOT_FOUND", "/iso");
    await refused({ nics: [{ network }, { network: "constructor" }] }, "NETWORK_NOT_FOUND", "/nics/1/network");
    await refused({ cpus: 2_048 }, "HOST_CPUS_SHORT", "/cpus");
    await refused({ memory_bytes: 20_000 * GiB, start: true }, "HOST_MEMORY_SHORT", "/memory_bytes");
    expect((await contract.done("vm.list", {})).items.map(({ name }) => name)).not.toContain(MACHINE.name);
  });

  it("are of fields that the host has no place for, and of no other", async () => {
    const contract = the();
    // What is of one operation, or a whole one, has its case with its noun.
    for (const field of contract.resources.unsupported.filter((name) => !name.includes("."))) {
      const { spec, pointer = `/${field}` } = WISHES[field]!;
      await contract.refused("vm.create", { ...MACHINE, ...spec }, "HYPERVISOR_UNSUPPORTED", pointer);
    }
    const supported = Object.entries(WISHES).filter(([field]) => contract.has(field));
    for (const [field, { spec }] of supported) {
      const result = await contract.run("vm.create", { ...MACHINE, ...spec }, true);
      expect([field, result.code, pointerOf(result)]).toEqual([field, undefined, undefined]);
    }
  });

  it("are of values that the catalogue does not say, and of no other", async () => {
    const contract = the();
    const [network] = contract.networks;
    const size_bytes = 8 * MiB;
    const VALUES = { bus: DISK_BUSES, format: DISK_FORMATS, model: NIC_MODELS } as const;
    const specOf = (field: string, value: string) =>
      field === "model" ? { nics: [{ network, model: value }] } : { disks: [{ size_bytes, [field]: value }] };
    for (const { field, firmware, values } of contract.resources.choices) {
      const machine = { ...MACHINE, firmware: firmware ?? "bios" };
      for (const value of VALUES[field as keyof typeof VALUES].filter((one) => !values.includes(one)))
        await contract.refused(
          "vm.create",
          { ...machine, ...specOf(field, value) },
          "HYPERVISOR_UNSUPPORTED",
          `/${field === "model" ? "nics" : "disks"}/0/${field}`,
        );
      const all = values.map((value) => specOf(field, value));
      const taken = { disks: all.flatMap(({ disks = [] }) => disks), nics: all.flatMap(({ nics = [] }) => nics) };
      const result = await contract.run("vm.create", { ...machine, ...taken }, true);
      expect([field, firmware, result.code, pointerOf(result)]).toEqual([field, firmware, undefined, undefined]);
    }
  });
}
