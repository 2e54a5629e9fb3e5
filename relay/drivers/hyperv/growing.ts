// Where the copies of a job come to lie and how large they will be, so that it can be told how far they are. Names files as the agent
// does (Resolve-AgentNewDisk); guesses wrong where another takes the name meanwhile: then nothing is told.
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { JobContext } from "../contract.ts";
import { whileGrowing } from "../virtual/growth.ts";
import type { SettledDisk } from "./disks/settle.ts";
import type { HypervTable } from "./tables.ts";

export interface Copy {
  readonly storageClass: string | null;
  /** Of the machine that the disk is for; null: of none. */
  readonly vm: string | null;
  readonly name: string;
  /** What the original takes of its disk; null: not known. */
  readonly bytes: number | null;
}

function fileOf({ storage }: HypervTable, { storageClass, vm, name }: Copy): string | null {
  const folder = storageClass !== null && Object.hasOwn(storage, storageClass) ? storage[storageClass]!.path : null;
  if (folder === null) return null;
  if (vm === null) return join(folder, `${name}.vhdx`);
  const stem = `${vm.replaceAll(/[^A-Za-z0-9._-]/g, "_")}-${name}`;
  let file = join(folder, `${stem}.vhdx`);
  for (let number = 2; number < 1_000 && existsSync(file); number += 1) file = join(folder, `${stem}-${number}.vhdx`);
  return file;
}

/** New disks that are copies of images. A fixed disk is as large from the start: nothing is told of it. */
export function imageCopies({ images }: HypervTable, disks: readonly SettledDisk[], vm: string | null): Promise<Copy[]> {
  const copied = disks.filter(({ wanted }) => wanted.image !== undefined && !wanted.preallocate);
  return Promise.all(
    copied.map(async ({ name, storageClass, wanted }) => {
      const image = Object.hasOwn(images, wanted.image!) ? images[wanted.image!] : undefined;
      const size = image ? await stat(image.path).catch(() => null) : null;
      return { storageClass, vm, name, bytes: size && size.blocks * 512 };
    }),
  );
}

/** Does the work, and tells how far the copies are where that of each can be seen. */
export function whileCopying<T>(
  table: HypervTable,
  copies: readonly Copy[],
  { progress }: Pick<JobContext, "progress">,
  work: () => Promise<T>,
): Promise<T> {
  const files = copies.map((copy) => fileOf(table, copy));
  const isSeen = copies.length > 0 && files.every((file) => file !== null) && copies.every(({ bytes }) => bytes !== null);
  if (!isSeen) return work();
  const expectedBytes = copies.reduce((sum, { bytes }) => sum + bytes!, 0);
  const paths = files.filter((file) => file !== null);
  return whileGrowing({ paths, expectedBytes, message: "copying" }, (percent, text) => progress(percent, text), work);
}
