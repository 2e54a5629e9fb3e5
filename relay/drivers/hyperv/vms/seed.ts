// The seed of a machine: an image beside its disks, named after the machine's id, so that it is found again when the machine goes.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SpecOf } from "../../contract.ts";
import { VmFailure } from "../../virtual/failure.ts";
import { seedImage } from "../../virtual/seed/image.ts";
import type { Undo } from "../../virtual/undo.ts";
import type { HypervTable } from "../tables.ts";

const fileOf = (vm: string): string => `seed-${vm.toLowerCase()}.iso`;
/** No host declares such a name: it has a space. */
const IMAGE = "the seed";

/** Writes it into the machine's class; answers how the agent is told of it. */
export async function placeSeed(table: HypervTable, spec: SpecOf<"vm.create">, vm: string, undo: Undo) {
  const path = join(table.storage[spec.storage_class]!.path, fileOf(vm));
  undo.push("the seed", () => rm(path, { force: true }));
  try {
    await writeFile(path, seedImage(vm, spec.name, spec.seed!, new Date()), { flag: "wx", mode: 0o640 });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new VmFailure(code === "ENOSPC" ? "STORAGE_FULL" : "STORAGE_UNAVAILABLE", `The seed cannot be written (${code}).`, undefined, {
      cause: error,
    });
  }
  return { image: IMAGE, media: { [IMAGE]: path } };
}

/** Of a machine that is gone, wherever it was. Answers whether none is left. */
export async function removeSeed(table: HypervTable, vm: string): Promise<boolean> {
  const gone = Object.values(table.storage).map(({ path }) =>
    rm(join(path, fileOf(vm)), { force: true }).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(gone)).every(Boolean);
}
