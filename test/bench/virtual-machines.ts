// Virtual machines: the driver beside spawning virsh for the same on a real QEMU guest, and through the edge. Without /dev/kvm:
// what a guest itself computes is not in any of these figures.
import { interleaved, median, type Figure } from "./measure.ts";
import { edgeFigures } from "./vm-edge.ts";
import { createFigures, snapshotFigures } from "./vm-life.ts";
import { idleMachine, startVmRig, type VmRig } from "./vm-rig.ts";

const DOMAINS = 200;

const ratio = (times: readonly number[], base: readonly number[]) => median(times) / median(base);

async function getFigures(rig: VmRig, vm: string): Promise<Figure[]> {
  const get = () => rig.handle("vm.get", { vm });
  const xml = () => rig.virsh("dumpxml", vm);
  const both = async () => {
    await rig.virsh("dumpxml", vm);
    await rig.virsh("domstate", vm);
  };
  await interleaved([get], 300);
  const [ours, one, two] = await interleaved([get, xml, both], 100);
  return [
    { name: "vm.get in the driver, of a running machine", value: median(ours!), unit: "ms", goal: "≤ 1 ms" },
    {
      name: "virsh dumpxml, spawned",
      value: median(one!),
      unit: "ms",
      against: { name: "vm.get", ratio: ratio(one!, ours!) },
      goal: "≥ 20 ×",
    },
    {
      name: "virsh dumpxml and domstate, spawned",
      value: median(two!),
      unit: "ms",
      against: { name: "vm.get", ratio: ratio(two!, ours!) },
    },
  ];
}

async function listFigures(rig: VmRig): Promise<Figure[]> {
  const list = () => rig.handle("vm.list", {});
  const names = () => rig.virsh("list", "--all");
  const stats = () => rig.virsh("domstats", "--state", "--vcpu", "--balloon");
  await interleaved([list], 20);
  const [ours, spawned, more] = await interleaved([list, names, stats], 30);
  const against = (times: readonly number[]) => ({ name: "vm.list", ratio: ratio(times, ours!) });
  return [
    { name: `vm.list in the driver, ${DOMAINS} machines`, value: median(ours!), unit: "ms", goal: "≤ 50 ms" },
    { name: "virsh list --all, spawned: names and states alone", value: median(spawned!), unit: "ms", against: against(spawned!) },
    { name: "virsh domstats, spawned: state, processors, memory", value: median(more!), unit: "ms", against: against(more!) },
  ];
}

export async function virtualMachineFigures(): Promise<Figure[]> {
  const rig = await startVmRig();
  try {
    const vm = String((await rig.handle("vm.create", idleMachine("bench")))["id"]);
    const figures = [...(await getFigures(rig, vm)), ...(await createFigures(rig)), ...(await snapshotFigures(rig, vm))];
    // These fill the host with machines, and so come last.
    const edge = await edgeFigures(rig, vm, DOMAINS);
    return [...figures, ...(await listFigures(rig)), ...edge];
  } finally {
    await rig.stop();
  }
}
