// The types that procedures are made of: each knows how to read, write and check itself. Libvirt's own structures are here
// too. Knows no procedure.
import { RPC_LIMITS } from "./limits.ts";
import { XdrError, type XdrReader, type XdrWriter } from "./xdr.ts";

export interface XdrType<T> {
  read(reader: XdrReader): T;
  write(writer: XdrWriter, value: T): void;
  /** The least bytes that a value takes. */
  readonly leastBytes: number;
}

export type Value<X> = X extends XdrType<infer T> ? T : never;
export type Fields = Readonly<Record<string, XdrType<unknown>>>;
export type Struct<F extends Fields> = { -readonly [K in keyof F]: Value<F[K]> };

const primitive = <T>(read: (r: XdrReader) => T, write: (w: XdrWriter, value: T) => void, leastBytes: number): XdrType<T> => ({
  read,
  write,
  leastBytes,
});

export const int = primitive<number>(
  (r) => r.int(),
  (w, v) => w.int(v),
  4,
);
export const uint = primitive<number>(
  (r) => r.uint(),
  (w, v) => w.uint(v),
  4,
);
export const hyper = primitive<number>(
  (r) => r.hyper(),
  (w, v) => w.hyper(v),
  8,
);
export const unsignedHyper = primitive<number>(
  (r) => r.unsignedHyper(),
  (w, v) => w.unsignedHyper(v),
  8,
);
export const double = primitive<number>(
  (r) => r.double(),
  (w, v) => w.double(v),
  8,
);
export const string = primitive<string>(
  (r) => r.string(),
  (w, v) => w.string(v),
  4,
);
/** Libvirt's booleans are ints, and any number but 0 is true. */
export const flag = primitive<boolean>(
  (r) => r.int() !== 0,
  (w, v) => w.int(v ? 1 : 0),
  4,
);

export function struct<F extends Fields>(fields: F): XdrType<Struct<F>> {
  const entries = Object.entries(fields);
  return {
    read(reader) {
      const value: Record<string, unknown> = {};
      for (const [name, type] of entries) value[name] = type.read(reader);
      return value as Struct<F>;
    },
    write(writer, value) {
      for (const [name, type] of entries) type.write(writer, (value as Record<string, unknown>)[name]);
    },
    leastBytes: entries.reduce((sum, [, type]) => sum + type.leastBytes, 0),
  };
}

export function list<T>(item: XdrType<T>, maxItems: number = RPC_LIMITS.listItems): XdrType<T[]> {
  return {
    read(reader) {
      const values: T[] = [];
      for (let left = reader.count(maxItems, item.leastBytes); left > 0; left -= 1) values.push(item.read(reader));
      return values;
    },
    write(writer, values) {
      if (values.length > maxItems) throw new XdrError("a list is over its bound");
      writer.uint(values.length);
      for (const value of values) item.write(writer, value);
    },
    leastBytes: 4,
  };
}

/** XDR's pointer: null or a value. */
export function optional<T>(type: XdrType<T>): XdrType<T | null> {
  return {
    read: (reader) => (reader.uint() === 0 ? null : type.read(reader)),
    write(writer, value) {
      writer.uint(value === null ? 0 : 1);
      if (value !== null) type.write(writer, value);
    },
    leastBytes: 4,
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** 16 bytes on the wire; lower-case text with dashes here. */
export const uuid: XdrType<string> = {
  read(reader) {
    const hex = reader.fixed(16).toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  },
  write(writer, value) {
    if (!UUID.test(value)) throw new XdrError("not a UUID");
    writer.fixed(Buffer.from(value.replaceAll("-", ""), "hex"));
  },
  leastBytes: 16,
};

/** `char[n]`: libvirt sends each character as a word; text up to the first NUL. */
export function characters(count: number): XdrType<string> {
  return {
    read(reader) {
      const codes = Array.from({ length: count }, () => reader.int() & 0xff);
      const end = codes.indexOf(0);
      return Buffer.from(end < 0 ? codes : codes.slice(0, end)).toString("utf8");
    },
    write(writer, value) {
      const bytes = Buffer.from(value, "utf8");
      for (let at = 0; at < count; at += 1) writer.int(bytes[at] ?? 0);
    },
    leastBytes: 4 * count,
  };
}

const PARAMETER_KINDS = ["int", "uint", "llong", "ullong", "double", "boolean", "string"] as const;
const PARAMETER_TYPES: readonly XdrType<number | string | boolean>[] = [int, uint, hyper, unsignedHyper, double, flag, string];

/** virTypedParameter. `kind` decides how `value` is written, and says how it was read. */
export interface TypedParameter {
  readonly field: string;
  readonly kind: (typeof PARAMETER_KINDS)[number];
  readonly value: number | string | boolean;
}

export const typedParameter: XdrType<TypedParameter> = {
  read(reader) {
    const field = reader.string();
    const index = reader.int() - 1;
    const kind = PARAMETER_KINDS[index];
    if (kind === undefined) throw new XdrError("not a kind of typed parameter");
    return { field, kind, value: PARAMETER_TYPES[index]!.read(reader) };
  },
  write(writer, { field, kind, value }) {
    const index = PARAMETER_KINDS.indexOf(kind);
    writer.string(field);
    writer.int(index + 1);
    PARAMETER_TYPES[index]!.write(writer, value);
  },
  leastBytes: 12,
};

/** `id` is -1 while the domain is off. The daemon finds a domain by its UUID. */
export const domain = struct({ name: string, uuid, id: int });
export const network = struct({ name: string, uuid });
export const storagePool = struct({ name: string, uuid });
export const storageVolume = struct({ pool: string, name: string, key: string });
export const snapshot = struct({ name: string, domain });

export type DomainRef = Value<typeof domain>;
export type NetworkRef = Value<typeof network>;
export type StoragePoolRef = Value<typeof storagePool>;
export type StorageVolumeRef = Value<typeof storageVolume>;
export type SnapshotRef = Value<typeof snapshot>;

/** What follows an answer whose status is an error. */
export const remoteError = struct({
  number: int,
  domain: int,
  message: optional(string),
  level: int,
  of: optional(domain),
  text1: optional(string),
  text2: optional(string),
  text3: optional(string),
  int1: int,
  int2: int,
  network: optional(network),
});
