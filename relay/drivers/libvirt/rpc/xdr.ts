// Reads and writes XDR (RFC 4506) in one buffer. Every read is checked against what is there; nothing is allocated on the
// word of a length. Knows no type of libvirt.
import { RPC_LIMITS } from "./limits.ts";

/** The bytes are not what the type says. The message never holds a value. */
export class XdrError extends Error {
  override readonly name = "XdrError";
}

const HIGH = 4_294_967_296;

export class XdrReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) throw new XdrError("the message ends too early");
    this.#at = at + count;
    return at;
  }

  int(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  uint(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  /** Exact up to 2^53, the nearest double beyond. */
  hyper(): number {
    const at = this.#take(8);
    return this.#bytes.readInt32BE(at) * HIGH + this.#bytes.readUInt32BE(at + 4);
  }

  /** Exact up to 2^53, the nearest double beyond: libvirt's "unlimited" is 2^64 - 1. */
  unsignedHyper(): number {
    const at = this.#take(8);
    return this.#bytes.readUInt32BE(at) * HIGH + this.#bytes.readUInt32BE(at + 4);
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#take(8));
  }

  /** A view, not a copy: valid as long as the message is. */
  fixed(count: number): Buffer {
    const at = this.#take(count);
    this.#take(-count & 3);
    return this.#bytes.subarray(at, at + count);
  }

  opaque(maxBytes: number): Buffer {
    const count = this.uint();
    if (count > maxBytes) throw new XdrError("a length is over its bound");
    return this.fixed(count);
  }

  /** Bytes that are not UTF-8 become U+FFFD: guests choose some names. */
  string(): string {
    const count = this.uint();
    if (count > RPC_LIMITS.stringBytes) throw new XdrError("a string is over its bound");
    const at = this.#take(count);
    this.#take(-count & 3);
    return this.#bytes.toString("utf8", at, at + count);
  }

  /** How many items follow. `itemBytes` is the least that one can take, so a false count fails before anything is allocated. */
  count(maxItems: number, itemBytes: number): number {
    const count = this.uint();
    if (count > maxItems || count * itemBytes > this.remaining) throw new XdrError("a list is over its bound");
    return count;
  }

  /** Fails when bytes are left over. */
  end(): void {
    if (this.remaining > 0) throw new XdrError("bytes are left over");
  }
}

export class XdrWriter {
  #bytes: Buffer;
  #at = 0;

  /** `reserved` bytes are left free in front, for a header. */
  constructor(reserved = 0) {
    this.#bytes = Buffer.allocUnsafe(512);
    this.#at = reserved;
  }

  /** May replace the buffer: take the place first, then the buffer. */
  #room(count: number): number {
    const at = this.#at;
    if (at + count > RPC_LIMITS.messageBytes) throw new XdrError("the message is over its bound");
    if (at + count > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, at + count));
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
    }
    this.#at = at + count;
    return at;
  }

  int(value: number): void {
    if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0x7fff_ffff) throw new XdrError("not a 32-bit integer");
    const at = this.#room(4);
    this.#bytes.writeInt32BE(value, at);
  }

  uint(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new XdrError("not an unsigned 32-bit integer");
    const at = this.#room(4);
    this.#bytes.writeUInt32BE(value, at);
  }

  hyper(value: number): void {
    if (!Number.isSafeInteger(value)) throw new XdrError("not a safe integer");
    const at = this.#room(8);
    this.#bytes.writeBigInt64BE(BigInt(value), at);
  }

  unsignedHyper(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new XdrError("not a safe unsigned integer");
    const at = this.#room(8);
    this.#bytes.writeBigUInt64BE(BigInt(value), at);
  }

  double(value: number): void {
    const at = this.#room(8);
    this.#bytes.writeDoubleBE(value, at);
  }

  fixed(value: Uint8Array): void {
    const at = this.#room(value.length + (-value.length & 3));
    this.#bytes.set(value, at);
    this.#bytes.fill(0, at + value.length, this.#at);
  }

  opaque(value: Uint8Array): void {
    this.uint(value.length);
    this.fixed(value);
  }

  string(value: string): void {
    const count = Buffer.byteLength(value, "utf8");
    if (count > RPC_LIMITS.stringBytes) throw new XdrError("a string is over its bound");
    this.uint(count);
    const at = this.#room(count + (-count & 3));
    this.#bytes.write(value, at, "utf8");
    this.#bytes.fill(0, at + count, this.#at);
  }

  /** What was written, as a view: the writer must not be used again. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }
}
