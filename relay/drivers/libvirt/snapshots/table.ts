// The table of internal snapshots of a qcow2 image, read by ourselves: libvirt's interface does not tell it, reverts one disk before
// it finds that the next has no such snapshot, and lets QEMU take a name for another snapshot's id. Believes no length.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { Session } from "../session.ts";
import { throughLibvirt, type ReadAt } from "../storage/bytes.ts";
import type { Storage, Volume } from "../storage/contract.ts";

export interface TableEntry {
  /** QEMU's own, a number; where a snapshot is named, an id that is the same wins. */
  readonly id: string;
  readonly name: string;
}

const MAGIC = 0x5146_49fb;
const HEADER_BYTES = 72;
const ENTRY_BYTES = 40;
/** As QEMU bounds it (QCOW_MAX_SNAPSHOTS), and the most that is read: an entry has some 60 bytes. */
const MAX_SNAPSHOTS = 65_536;
const MAX_TABLE_BYTES = 8 * 1024 * 1024;

/** Entries are: offset 8, L1 size 4, id length 2, name length 2, times 16, state's size 4, extra's length 4; extra, id, name; to 8 bytes. */
function entriesIn(table: Buffer, count: number): TableEntry[] {
  const entries: TableEntry[] = [];
  let at = 0;
  for (let left = count; left > 0 && at + ENTRY_BYTES <= table.length; left -= 1) {
    const id = at + ENTRY_BYTES + table.readUInt32BE(at + 36);
    const name = id + table.readUInt16BE(at + 12);
    const end = name + table.readUInt16BE(at + 14);
    entries.push({ id: table.toString("utf8", id, name), name: table.toString("utf8", name, end) });
    at = Math.ceil(end / 8) * 8;
  }
  return entries;
}

/** null: not qcow2. */
export async function readTable(read: ReadAt): Promise<TableEntry[] | null> {
  const header = await read(0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || header.readUInt32BE(0) !== MAGIC) return null;
  const count = Math.min(header.readUInt32BE(60), MAX_SNAPSHOTS);
  const from = header.readBigUInt64BE(64);
  if (count === 0 || from > BigInt(Number.MAX_SAFE_INTEGER)) return [];
  return entriesIn(await read(Number(from), Math.min(MAX_TABLE_BYTES, count * 2_048)), count);
}

/** Snapshots in the image of a volume: from the file where we may read it, else through libvirt. null: not qcow2. */
export async function snapshotsIn(session: Session, storage: Storage, volume: Volume): Promise<TableEntry[] | null> {
  const file = await open(volume.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => null);
  if (file === null) return readTable(throughLibvirt(session, storage, volume));
  try {
    return await readTable(async (offset, length) => {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    });
  } finally {
    await file.close();
  }
}
