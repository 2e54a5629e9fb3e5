// Writes an ISO 9660 image with Joliet names: a handful of files in the root, as first-boot configuration needs it. No tool of
// the host is used, so it is the same on every host. ECMA-119 and the Joliet specification are what the numbers come from.

const SECTOR = 2_048;
/** Fixed places, in sectors; the files follow. */
const AT = {
  primary: 16,
  joliet: 17,
  end: 18,
  table: 19,
  tableBig: 20,
  jolietTable: 21,
  jolietTableBig: 22,
  root: 23,
  jolietRoot: 24,
  files: 25,
} as const;
/** A path table with the root alone. */
const TABLE_BYTES = 10;
const JOLIET_LEVEL_3 = Buffer.from("%/E", "latin1");

export const ISO_LIMITS = {
  /** A directory is one sector here: records of the longest Joliet names must fit. */
  files: 12,
  /** Joliet's longest name. */
  nameChars: 64,
  /** Joliet's volume label has 16 characters. */
  labelChars: 16,
  /** A seed is text; 16 MiB is far beyond any, and small enough to build in memory. */
  bytes: 16 * 1024 * 1024,
} as const;

export interface IsoFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface Placed extends IsoFile {
  /** Sector of its first byte. */
  readonly at: number;
  /** ISO 9660's own name: eight characters and a version. */
  readonly short: string;
}

const sectorsOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / SECTOR));

/** Both byte orders, as ECMA-119 7.2.3 and 7.3.3 want numbers. */
function writeBoth(target: Buffer, at: number, value: number, bytes: 2 | 4): void {
  target.writeUIntLE(value, at, bytes);
  target.writeUIntBE(value, at + bytes, bytes);
}

const bigUtf16 = (text: string): Buffer => Buffer.from(text, "utf16le").swap16();

function check(label: string, files: readonly IsoFile[]): void {
  const total = files.reduce((sum, file) => sum + file.bytes.length, 0);
  if (!/^[A-Za-z0-9_-]+$/.test(label) || label.length > ISO_LIMITS.labelChars) throw new RangeError("not a label of an ISO image");
  if (files.length > ISO_LIMITS.files || total > ISO_LIMITS.bytes) throw new RangeError("more than an ISO image of this kind takes");
  if (files.some(({ name }) => !/^[A-Za-z0-9._-]+$/.test(name) || name.length > ISO_LIMITS.nameChars))
    throw new RangeError("not a name of a file in an ISO image");
  if (new Set(files.map(({ name }) => name)).size < files.length) throw new RangeError("a file that is there twice");
}

function place(files: readonly IsoFile[]): Placed[] {
  let at: number = AT.files;
  return files.map((file, index) => {
    const stem = file.name
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]/g, "_")
      .slice(0, 6);
    const placed = { ...file, at, short: `${stem}${String(index).padStart(2, "0")};1` };
    at += sectorsOf(file.bytes.length);
    return placed;
  });
}

/** Seven bytes of a directory's time: years from 1900, in UTC. */
function directoryTime(time: Date): Buffer {
  const [year, month, day] = [time.getUTCFullYear() - 1900, time.getUTCMonth() + 1, time.getUTCDate()];
  return Buffer.from([year, month, day, time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds(), 0]);
}

function directoryRecord(id: Buffer, at: number, bytes: number, isFolder: boolean, time: Date): Buffer {
  const record = Buffer.alloc((33 + id.length + 1) & ~1);
  record[0] = record.length;
  writeBoth(record, 2, at, 4);
  writeBoth(record, 10, bytes, 4);
  directoryTime(time).copy(record, 18);
  record[25] = isFolder ? 2 : 0;
  writeBoth(record, 28, 1, 2);
  record[32] = id.length;
  id.copy(record, 33);
  return record;
}

function directory(files: readonly Placed[], isJoliet: boolean, time: Date): Buffer {
  const self = isJoliet ? AT.jolietRoot : AT.root;
  const named = files
    .map((file) => ({ file, id: isJoliet ? bigUtf16(file.name) : Buffer.from(file.short, "latin1") }))
    .sort((a, b) => Buffer.compare(a.id, b.id));
  const records = [
    directoryRecord(Buffer.from([0]), self, SECTOR, true, time),
    directoryRecord(Buffer.from([1]), self, SECTOR, true, time),
    ...named.map(({ file, id }) => directoryRecord(id, file.at, file.bytes.length, false, time)),
  ];
  return padded(Buffer.concat(records));
}

function padded(bytes: Uint8Array): Buffer {
  const whole = Buffer.alloc(sectorsOf(bytes.length) * SECTOR);
  whole.set(bytes);
  return whole;
}

function pathTable(root: number, isBig: boolean): Buffer {
  const table = Buffer.alloc(SECTOR);
  table[0] = 1;
  if (isBig) table.writeUInt32BE(root, 2);
  else table.writeUInt32LE(root, 2);
  if (isBig) table.writeUInt16BE(1, 6);
  else table.writeUInt16LE(1, 6);
  return table;
}

/** A text field of a descriptor: padded with blanks, which Joliet writes in two bytes. */
function writeText(target: Buffer, at: number, bytes: number, text: string, isJoliet: boolean): void {
  const chars = isJoliet ? bytes >> 1 : bytes;
  const blank = text.padEnd(chars, " ").slice(0, chars);
  (isJoliet ? bigUtf16(blank) : Buffer.from(blank, "latin1")).copy(target, at);
}

/** Where text fields that nobody reads stand: set, publisher, preparer, application, and three files. */
const UNUSED_TEXTS = [
  [190, 128],
  [318, 128],
  [446, 128],
  [574, 128],
  [702, 37],
  [739, 37],
  [776, 37],
] as const;
const TIMES = [813, 830, 847, 864] as const;

function descriptor(label: string, sectors: number, isJoliet: boolean, time: Date): Buffer {
  const block = Buffer.alloc(SECTOR);
  block[0] = isJoliet ? 2 : 1;
  block.write("CD001\x01", 1, "latin1");
  writeText(block, 8, 32, "", isJoliet);
  writeText(block, 40, 32, label, isJoliet);
  writeBoth(block, 80, sectors, 4);
  if (isJoliet) JOLIET_LEVEL_3.copy(block, 88);
  writeBoth(block, 120, 1, 2);
  writeBoth(block, 124, 1, 2);
  writeBoth(block, 128, SECTOR, 2);
  writeBoth(block, 132, TABLE_BYTES, 4);
  block.writeUInt32LE(isJoliet ? AT.jolietTable : AT.table, 140);
  block.writeUInt32BE(isJoliet ? AT.jolietTableBig : AT.tableBig, 148);
  directoryRecord(Buffer.from([0]), isJoliet ? AT.jolietRoot : AT.root, SECTOR, true, time).copy(block, 156);
  for (const [at, bytes] of UNUSED_TEXTS) writeText(block, at, bytes, "", isJoliet);
  for (const at of TIMES) block.write("0".repeat(16), at, "latin1");
  block[881] = 1;
  return block;
}

/** The whole image. Throws RangeError for what it cannot hold. */
export function writeIso(label: string, files: readonly IsoFile[], time: Date): Buffer {
  check(label, files);
  const placed = place(files);
  const sectors = placed.reduce((sum, file) => sum + sectorsOf(file.bytes.length), AT.files as number);
  const end = Buffer.alloc(SECTOR);
  end.write("\xffCD001\x01", 0, "latin1");
  return Buffer.concat([
    Buffer.alloc(AT.primary * SECTOR),
    descriptor(label, sectors, false, time),
    descriptor(label, sectors, true, time),
    end,
    pathTable(AT.root, false),
    pathTable(AT.root, true),
    pathTable(AT.jolietRoot, false),
    pathTable(AT.jolietRoot, true),
    directory(placed, false, time),
    directory(placed, true, time),
    ...placed.map((file) => padded(file.bytes)),
  ]);
}
