// The first bytes of a disk image, read by ourselves: whether it is qcow2, how large the guest sees it, and what it stands on.
// Follows nothing and believes no length; decides no format (a raw disk's contents are its guest's).
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

export interface ImageHeader {
  /** null: not qcow2. */
  readonly qcow2: {
    readonly virtualBytes: number;
    /** As it stands in the file: may be relative to the image's folder. */
    readonly backing: string | null;
    /** Its guest data lies in another file. */
    readonly hasDataFile: boolean;
  } | null;
  readonly fileBytes: number;
  readonly allocatedBytes: number;
}

const MAGIC = 0x5146_49fb;
/** Of version 3, as far as it is looked at. */
export const HEADER_BYTES = 104;
/** The longest name of a backing file. */
const NAME_BYTES = 1_023;
/** Names stand in the first cluster, which has at most 2 MiB. */
const FIRST_CLUSTER_BYTES = 2 * 1024 * 1024;
const INCOMPATIBLE_DATA_FILE = 4n;

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, at);
  return bytes.subarray(0, bytesRead);
}

async function backingOf(file: FileHandle, header: Buffer): Promise<string | null> {
  const at = header.readBigUInt64BE(8);
  const length = header.readUInt32BE(16);
  if (at === 0n || length === 0) return null;
  if (at > BigInt(FIRST_CLUSTER_BYTES) || length > NAME_BYTES) return "";
  return (await readAt(file, Number(at), length)).toString("utf8");
}

/** Of the first {@link HEADER_BYTES} of a file: is it a qcow2 whose guest data lies in another file? */
export function hasDataFile(header: Buffer): boolean {
  if (header.length < 80 || header.readUInt32BE(0) !== MAGIC || header.readUInt32BE(4) < 3) return false;
  return (header.readBigUInt64BE(72) & INCOMPATIBLE_DATA_FILE) !== 0n;
}

/** Throws what the file system says (ENOENT, EACCES; ELOOP for a link). Reads at most some kilobytes. */
export async function readHeader(path: string): Promise<ImageHeader> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size, blocks } = await file.stat();
    const sizes = { fileBytes: size, allocatedBytes: blocks * 512 };
    const header = await readAt(file, 0, HEADER_BYTES);
    if (header.length < 72 || header.readUInt32BE(0) !== MAGIC) return { ...sizes, qcow2: null };
    const virtual = header.readBigUInt64BE(24);
    const qcow2 = {
      virtualBytes: virtual > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(virtual),
      backing: await backingOf(file, header),
      hasDataFile: hasDataFile(header),
    };
    return { ...sizes, qcow2 };
  } finally {
    await file.close();
  }
}
