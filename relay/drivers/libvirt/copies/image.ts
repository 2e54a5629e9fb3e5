// The header of an image that came from outside: qcow2 that holds all of itself and leads to no other file of the host. QEMU follows
// what a header names, with the rights that it has.
import { fieldFailure, type VmFailure } from "../../virtual/failure.ts";

/** The header of version 3 as far as it is looked at. */
export const IMAGE_HEADER_BYTES = 104;
const MAGIC = 0x5146_49fb;
/** Dirty, other compression, extended L2 entries. Not: corrupt, data in another file, and what is not known here. */
const HARMLESS = 1n | 8n | 16n;

/** Throws VM_CONFIG_INVALID. */
export function refuseImage(header: Buffer, { file, size_bytes: size }: { readonly file: string; readonly size_bytes: number }): void {
  const bad = (why: string): VmFailure => fieldFailure("VM_CONFIG_INVALID", "/folder", `holds ${file}, which ${why}`);
  if (header.length < 72 || header.readUInt32BE(0) !== MAGIC) throw bad("is no qcow2 image");
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw bad("is of an unknown version");
  if (version === 3 && header.length < IMAGE_HEADER_BYTES) throw bad("is cut off");
  if (header.readBigUInt64BE(8) !== 0n || header.readUInt32BE(16) !== 0) throw bad("stands on another file");
  if (header.readUInt32BE(32) !== 0) throw bad("is encrypted");
  const features = version === 3 ? header.readBigUInt64BE(72) : 0n;
  if ((features & ~HARMLESS) !== 0n) throw bad("is broken, keeps its data in another file, or needs what is not known here");
  if (header.readBigUInt64BE(24) !== BigInt(size)) throw bad("has another size than the manifest says");
}
