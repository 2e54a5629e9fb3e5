// Disks that other disks stand on: they may not change, or what stands on them is garbage. libvirt holds no lock for them.
import { VmFailure } from "../../virtual/failure.ts";
import type { ReadVm, Session } from "../session.ts";
import type { Storage, Volume } from "../storage/contract.ts";

/** Throws DISK_HAS_CHILDREN when a disk stands on one of these: to be asked before anything that lets their contents change. */
export async function refuseWhenBase(storage: Storage, volumes: readonly Volume[]): Promise<void> {
  for (const volume of volumes) {
    const children = await storage.children(volume);
    // What a guest wrote into a raw disk of its own is not believed.
    const formats = await Promise.all(children.map((child) => storage.trustedFormat(child).catch(() => null)));
    const child = children.find((_, index) => formats[index] !== "raw");
    if (child)
      throw new VmFailure(
        "DISK_HAS_CHILDREN",
        `Disks stand on ${volume.file} and would be lost if it changed, such as ${child.file}: delete them first, or copy in full.`,
      );
  }
}

/** The same for a machine that is to be started: its disks that are not read-only. Disks outside the storage classes have no children that are known. */
export async function refuseStartOfBase(storage: Storage, { facts }: Pick<ReadVm, "facts">): Promise<void> {
  const written = facts.disks.filter((disk) => disk.kind === "disk" && !disk.readOnly && disk.source !== null);
  const volumes = await Promise.all(written.map((disk) => storage.locate(disk.source)));
  await refuseWhenBase(
    storage,
    volumes.filter((volume) => volume !== null),
  );
}

/** Throws VM_STATE_INVALID for a machine that would start with the host, behind our back, and change what the copies stand on. */
export async function refuseAutostart({ client }: Session, { domain, facts }: Pick<ReadVm, "domain" | "facts">): Promise<void> {
  const { autostart } = await client.call("domainGetAutostart", { domain });
  if (autostart)
    throw new VmFailure(
      "VM_STATE_INVALID",
      `${facts.name} starts with the host; set its \`autostart\` to false before copies stand on it.`,
    );
}
