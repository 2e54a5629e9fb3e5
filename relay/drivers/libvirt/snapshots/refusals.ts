// What snapshots cannot be here, found before anything is touched. libvirt keeps all of a machine in its qcow2 files or does not
// keep it; snapshots in files beside them can be taken by libvirt 9 and neither reverted nor deleted by it, so none are made.
import { fieldFailure, VmFailure } from "../../virtual/failure.ts";
import { isActive, type ReadVm, type Session } from "../session.ts";
import type { Parts } from "../parts.ts";
import type { Storage, Volume } from "../storage/contract.ts";
import type { XmlElement } from "../xml/tree.ts";
import { snapshotsIn } from "./table.ts";

/** The first libvirt that keeps the firmware's variables in a snapshot; they must lie in qcow2. */
const UEFI_SINCE = 10_010_000;

export const unsupported = (reason: string): VmFailure => new VmFailure("SNAPSHOT_UNSUPPORTED", reason);

const sourceOf = (disk: XmlElement): string | null => disk.find("source")?.attribute("file") ?? null;
const nameOf = (disk: XmlElement): string => disk.find("target")?.attribute("dev") ?? "?";

/** Disks that the guest can write to, whatever they are. */
const written = (root: XmlElement): XmlElement[] =>
  (root.find("devices")?.elements("disk") ?? []).filter(
    (disk) => disk.attribute("device") !== "cdrom" && disk.find("readonly") === null && disk.find("source") !== null,
  );

async function refuseFirmware(session: Session, root: XmlElement, firmware: string): Promise<void> {
  if (firmware !== "uefi") return;
  const { version } = await session.client.call("connectGetLibVersion", {});
  const named = `${Math.floor(version / 1e6)}.${Math.floor((version % 1e6) / 1e3)}.${version % 1e3}`;
  if (version < UEFI_SINCE)
    throw unsupported(`The machine has UEFI firmware, whose variables libvirt ${named} cannot keep in a snapshot; 10.10 and later can.`);
  if (root.find("os/nvram")?.attribute("format") !== "qcow2")
    throw unsupported("The variables of the machine's UEFI firmware do not lie in qcow2, so that no snapshot can keep them.");
}

/** Devices whose state QEMU cannot keep with the memory. */
function refuseDevices(root: XmlElement): void {
  const devices = root.find("devices");
  const isPassed = devices?.elements("hostdev").some((device) => /^(pci|mdev)$/.test(device.attribute("type") ?? ""));
  if (isPassed)
    throw unsupported("A device of the host is passed through to the machine; its state cannot be kept. Stop the machine first.");
  if (devices?.find("filesystem")) throw unsupported("The machine has a folder of the host mounted, which cannot be kept. Stop it first.");
}

/** Another machine that runs with the disk, or with one that stands on it, keeps it locked; libvirt then forgets a snapshot that stays in the disk. */
export async function refuseLocked(storage: Storage, vm: ReadVm, { path, file }: Volume): Promise<void> {
  const other = (await storage.holders(path)).find((holder) => holder.isRunning && holder.vm.toLowerCase() !== vm.facts.id);
  if (other)
    throw new VmFailure("DISK_IN_USE", `Virtual machine ${other.vm} runs with ${file} or a disk that stands on it; stop it first.`);
}

/** Throws SNAPSHOT_UNSUPPORTED with the reason, SNAPSHOT_EXISTS, DISK_IN_USE or STORAGE_OUTSIDE. */
export async function refuseTaking(
  { session, storage }: Pick<Parts, "session" | "storage">,
  vm: ReadVm,
  { name, withMemory }: { readonly name: string; readonly withMemory: boolean },
): Promise<void> {
  if (/^\d+$/.test(name))
    throw fieldFailure("VM_CONFIG_INVALID", "/name", "must not be a number alone, which QEMU may take for another's id");
  const runs = isActive(vm.state);
  const root = runs ? await session.xml(vm.domain, "running") : vm.defined;
  await refuseFirmware(session, root, vm.facts.firmware);
  if (runs && !withMemory)
    throw unsupported(
      "The disks of a running machine are kept together with its memory or not at all. Keep its memory, too, or stop it first.",
    );
  if (runs) refuseDevices(root);
  const disks = written(root);
  if (disks.length === 0) throw unsupported("The machine has no disk that could keep a snapshot.");
  for (const disk of disks) {
    const format = disk.find("driver")?.attribute("type") ?? "raw";
    if (disk.attribute("device") !== null && disk.attribute("device") !== "disk")
      throw unsupported(`The device ${nameOf(disk)} can be written to and is no disk that keeps snapshots.`);
    if (format !== "qcow2") throw unsupported(`The disk ${nameOf(disk)} is ${format}; only qcow2 keeps snapshots.`);
    const volume = await storage.require(sourceOf(disk));
    await refuseLocked(storage, vm, volume);
    // Left of a machine that had the disk before: with two of a name QEMU goes back to the older.
    if ((await snapshotsIn(session, storage, volume))?.some((entry) => entry.name === name))
      throw new VmFailure("SNAPSHOT_EXISTS", `The disk ${nameOf(disk)} holds a snapshot ${name} that the machine does not know.`);
  }
}

/** A machine that is another's past: disks by target, as the snapshot knows them. */
export function disksOf(domain: XmlElement, targets: readonly string[]): { readonly target: string; readonly path: string | null }[] {
  const disks = domain.find("devices")?.elements("disk") ?? [];
  return targets.map((target) => {
    const disk = disks.find((candidate) => nameOf(candidate) === target);
    return { target, path: disk ? sourceOf(disk) : null };
  });
}
