// From nothing to a running machine, and snapshots: the driver beside what a script would spawn for the same machine.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseXml } from "../../relay/drivers/libvirt/xml/parse.ts";
import { median, timed, type Figure } from "./measure.ts";
import { diskOf, idleMachine, type VmRig } from "./vm-rig.ts";

const ROUNDS = 15;

/** The definition that the driver made, under another name and without what libvirt and the driver minted for it. */
async function definitionFor(rig: VmRig, of: string, name: string): Promise<string> {
  const { root } = parseXml(await rig.virsh("dumpxml", "--inactive", of));
  root.ensure("name").setText(name);
  root.remove(root.ensure("uuid"));
  for (const nic of root.find("devices")?.elements("interface") ?? []) nic.remove(nic.ensure("mac"));
  root.find("devices/disk/source")?.setAttribute("file", diskOf(rig, `${name}.qcow2`));
  const file = join(rig.host.daemon.folder, `${name}.xml`);
  writeFileSync(file, root.toString());
  return file;
}

async function byScript(rig: VmRig, name: string, definition: string): Promise<void> {
  await rig.qemuImg("create", "-q", "-f", "qcow2", diskOf(rig, `${name}.qcow2`), "1G");
  await rig.virsh("define", definition);
  await rig.virsh("start", name);
  if ((await rig.virsh("domstate", name)).trim() !== "running") throw new Error("the script's machine does not run");
}

const remove = async (rig: VmRig, id: string) => {
  await rig.handle("vm.delete", { vm: id, delete_disks: true, force: true });
};

export async function createFigures(rig: VmRig): Promise<Figure[]> {
  const pattern = String((await rig.handle("vm.create", idleMachine("pattern")))["id"]);
  const definition = await definitionFor(rig, "pattern", "scripted");
  const [ours, spawned]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    let id = "";
    ours.push(await timed(async () => (id = String((await rig.handle("vm.create", idleMachine("made")))["id"]))));
    await remove(rig, id);
    spawned.push(await timed(() => byScript(rig, "scripted", definition)));
    await remove(rig, (await rig.virsh("domuuid", "scripted")).trim());
  }
  await remove(rig, pattern);
  const ratio = median(spawned) / median(ours);
  return [
    { name: "vm.create with a disk and a NIC, until it runs", value: median(ours), unit: "ms" },
    {
      name: "qemu-img create, virsh define, start, domstate, spawned",
      value: median(spawned),
      unit: "ms",
      against: { name: "vm.create", ratio },
    },
  ];
}

export async function snapshotFigures(rig: VmRig, vm: string): Promise<Figure[]> {
  const [ours, spawned]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await timed(() => rig.handle("snapshot.create", { vm, name: "ours", quiesce: false })));
    await rig.handle("snapshot.delete", { vm, snapshot: "ours", children: false });
    spawned.push(await timed(() => rig.virsh("snapshot-create-as", vm, "spawned")));
    await rig.virsh("snapshot-delete", vm, "spawned");
  }
  const ratio = median(spawned) / median(ours);
  return [
    { name: "snapshot.create with memory, of a running machine of 64 MiB", value: median(ours), unit: "ms" },
    { name: "virsh snapshot-create-as, spawned", value: median(spawned), unit: "ms", against: { name: "snapshot.create", ratio } },
  ];
}
