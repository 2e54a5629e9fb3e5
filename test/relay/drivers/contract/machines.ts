// Machines: made with every field and read so, lists, names, deletion.
import { expect, it } from "vitest";
import { HOSTILE, MiB, NOBODY, type The } from "./contract.ts";

const MAC = "52:54:00:0C:00:01";

export function machineCases(the: The): void {
  it("are made with every field that the host has a place for, and are read so", async () => {
    const contract = the();
    const [first, second] = contract.classes;
    const [lan, other] = contract.networks;
    const imageBytes = await contract.imageBytes();
    const asked = contract.withSupported({
      name: "c-whole",
      cpus: 2,
      cpu_topology: { sockets: 1, cores: 2, threads: 1 },
      memory_bytes: 64 * MiB,
      memory_min_bytes: 32 * MiB,
      memory_max_bytes: 128 * MiB,
      memory_buffer_percent: 25,
      description: HOSTILE,
      tags: ["env=test", "b:c"],
      os_family: "linux",
      firmware: "uefi",
      storage_class: first,
      secure_boot: true,
      secure_boot_template: "microsoft-uefi-ca",
      tpm: true,
      nested: true,
      autostart: true,
      autostart_condition: "if-running",
      autostart_delay_ms: 30_000,
      stop_action: "save",
      deletion_protection: true,
      boot_order: ["data", "front", "disk0", "cdrom"],
    });
    const disks = [
      { image: contract.image, size_bytes: 2 * imageBytes },
      { size_bytes: 8 * MiB, name: "data", storage_class: second, ...contract.withSupported({ bus: "scsi", iops_max: 500 }) },
    ];
    const nics = [
      { network: lan, name: "front", mac: MAC, bandwidth_max_bps: 100_000_000, mac_spoofing_guard: true, dhcp_guard: true },
      { network: other, connected: false, router_guard: true, bandwidth_max_bps: 8_000_000 },
    ];
    const made = await contract.done("vm.create", { ...asked, disks, nics, iso: contract.iso });
    const [vm, { items }, disksOf, nicsOf, disk, nic] = await Promise.all([
      contract.get(made.id),
      contract.done("vm.list", { tag: "env=test" }),
      contract.done("disk.list", { vm: made.id }),
      contract.done("nic.list", { vm: made.id }),
      contract.done("disk.get", { vm: made.id, disk: made.disks[1]! }),
      contract.done("nic.get", { vm: made.id, nic: made.nics[0]! }),
    ]);
    const { boot_order: order, ...plain } = asked;
    expect(vm).toMatchObject({ ...plain, id: made.id, state: "off", needs_restart: false, pending: [], memory_assigned_bytes: null });
    expect(vm.boot_order.slice(0, 4)).toEqual(order);
    expect(made).toMatchObject({ name: "c-whole", disks: vm.disks.filter(({ kind }) => kind === "disk").map(({ id }) => id) });
    expect(vm.disks).toMatchObject([
      { name: "disk0", vm: vm.id, kind: "disk", size_bytes: 2 * imageBytes, storage_class: first, image: null, boot_index: 3 },
      { name: "data", vm: vm.id, kind: "disk", size_bytes: 8 * MiB, storage_class: second, bus: "scsi", iops_max: 500, boot_index: 1 },
      { name: "cdrom", vm: vm.id, kind: "cdrom", image: contract.iso, read_only: true, boot_index: 4 },
    ]);
    expect(vm.nics).toMatchObject([
      { ...nics[0], id: made.nics[0], mac: MAC.toLowerCase(), connected: true, router_guard: false, bandwidth_min_bps: 0, boot_index: 2 },
      { ...nics[1], id: made.nics[1], name: "nic1", vlan_trunk: null, dhcp_guard: false, addresses: [] },
    ]);
    expect(Math.abs(Date.parse(vm.created_at!) - Date.now())).toBeLessThan(3600_000);
    // The same in lists as alone.
    expect(items.length).toBe(1);
    expect(vm).toMatchObject(items[0]!);
    expect([disksOf.items, nicsOf.items, disk, nic]).toEqual([vm.disks, vm.nics, vm.disks[1], vm.nics[0]]);
  });

  it("have one name and one address each; what is refused late leaves nothing", async () => {
    const contract = the();
    const [network] = contract.networks;
    const mac = "52:54:00:0C:00:02";
    const [{ id: vm }, { id: bare }] = await Promise.all([contract.make("c-named", { nics: [{ network, mac }] }), contract.make("c-bare")]);
    const another = { cpus: 1, memory_bytes: 64 * MiB };
    await contract.refused("vm.create", { ...another, name: "c-named" }, "VM_EXISTS", "/name");
    const late = { ...another, name: "c-late", disks: [{ size_bytes: 8 * MiB }], nics: [{ network, mac: mac.toLowerCase() }] };
    const result = await contract.run("vm.create", late);
    expect(result).toMatchObject({ status: "error", code: "MAC_IN_USE", data: { errors: [{ pointer: "/nics/0/mac" }] } });
    const [{ items: all }, { items: volumes }] = await Promise.all([
      contract.done("vm.list", {}),
      contract.done("disk.list", { storage_class: contract.classes[0] }),
    ]);
    expect(all.map(({ name }) => name)).not.toContain("c-late");
    expect(volumes.map(({ name }) => name).filter((name) => name.includes("c-late"))).toEqual([]);
    expect((await contract.done("vm.rename", { vm, name: "c-named" })).changes).toEqual([]);
    await contract.refused("vm.rename", { vm: bare, name: "c-named" }, "VM_EXISTS", "/name");
    expect((await contract.done("vm.rename", { vm: bare, name: "c-bare2" })).changes).toEqual([
      { field: "name", from: "c-bare", to: "c-bare2", needs_restart: false },
    ]);
    // A machine without anything: its lists are lists.
    const lists = [contract.done("disk.list", { vm: bare }), contract.done("nic.list", { vm: bare })];
    const [read, none, ...empty] = await Promise.all([
      contract.get(bare),
      contract.done("vm.list", { tag: "nobody" }),
      contract.done("snapshot.list", { vm: bare }),
      ...lists,
    ]);
    expect(read).toMatchObject({ name: "c-bare2", disks: [], nics: [], tags: [], addresses: [], boot_order: [], description: "" });
    expect([none, ...empty].map(({ items }) => items)).toEqual([[], [], [], []]);
  });

  it("are deleted by id, though another has the name", async () => {
    const contract = the();
    const { id: vm } = await contract.make("c-twin");
    const twin = await contract.host.namesake("c-twin");
    await contract.done("vm.delete", { vm });
    const { items } = await contract.done("vm.list", {});
    expect(items.filter(({ name }) => name === "c-twin").map(({ id }) => id)).toEqual(twin === null ? [] : [twin]);
  });

  it("are deleted when that is allowed, and their disks when that is asked", async () => {
    const contract = the();
    const disks = [{ size_bytes: 8 * MiB, name: "kept" }];
    const made = await contract.make("c-doomed", { disks, seed: { user_data: "#cloud-config\n" }, deletion_protection: true, start: true });
    const { id: vm } = made;
    await contract.refused("vm.delete", { vm, force: true }, "VM_PROTECTED");
    expect(await contract.done("vm.update", { vm, deletion_protection: false })).toMatchObject({ changed: ["deletion_protection"] });
    await contract.refused("vm.delete", { vm }, "VM_STATE_INVALID", "/force");
    expect(await contract.done("vm.delete", { vm, force: true })).toMatchObject({ deleted_disks: [], kept_disks: made.disks });
    const disk = made.disks[0]!;
    await contract.refused("vm.get", { vm }, "VM_NOT_FOUND");
    await contract.refused("vm.delete", { vm }, "VM_NOT_FOUND");
    const [loose, { items }] = await Promise.all([
      contract.done("disk.get", { disk }),
      contract.done("disk.list", { storage_class: contract.classes[0] }),
    ]);
    expect(loose).toMatchObject({ id: disk, vm: null, size_bytes: 8 * MiB });
    // The seed is the machine's and went with it.
    expect(items.filter(({ id, name }) => id !== disk && /c-doomed/.test(name))).toEqual([]);
    await contract.done("disk.delete", { disk });
    await contract.refused("disk.get", { disk }, "DISK_NOT_FOUND");
  });

  it("that are not there are not found, whatever is asked of them", async () => {
    const contract = the();
    const vm = NOBODY;
    await contract.refused("vm.get", { vm }, "VM_NOT_FOUND");
    await contract.refused("nic.list", { vm }, "VM_NOT_FOUND");
    await contract.refused("vm.update", { vm, cpus: 2 }, "VM_NOT_FOUND");
    await contract.refused("disk.create", { vm, size_bytes: 8 * MiB }, "VM_NOT_FOUND");
    await contract.refused("vm.clone", { vm, name: "c-nobody" }, "VM_NOT_FOUND");
  });
}
