// Drives and their media.
import { expect, it } from "vitest";
import type { The } from "./contract.ts";

export function mediaCases(the: The): void {
  it("are put into a drive, which is added where there is none, and taken out", async () => {
    const contract = the();
    const { id: vm } = await contract.make("c-media");
    await contract.refused("iso.eject", { vm }, "DISK_NOT_FOUND", "/drive");
    expect((await contract.done("iso.attach", { vm, image: contract.iso })).changed).toEqual(["drive", "image"]);
    expect((await contract.done("iso.attach", { vm, image: contract.iso })).changes).toEqual([]);
    const { disks } = await contract.get(vm);
    expect(disks).toMatchObject([{ kind: "cdrom", image: contract.iso, read_only: true }]);
    expect(await contract.done("iso.eject", { vm, drive: disks[0]!.id })).toMatchObject({
      changes: [{ field: "image", from: contract.iso, to: null }],
    });
    expect((await contract.done("iso.eject", { vm })).changes).toEqual([]);
    expect((await contract.done("disk.list", { vm })).items).toMatchObject([
      { id: disks[0]!.id, kind: "cdrom", image: null, size_bytes: null },
    ]);
  });
}
