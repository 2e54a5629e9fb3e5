// Values and bytes for property tests of the RPC client.
import fc from "fast-check";
import type { DomainRef, TypedParameter } from "../../../../relay/drivers/libvirt/rpc/types.ts";

const hex = (length: number) => fc.string({ unit: fc.constantFrom(..."0123456789abcdef".split("")), minLength: length, maxLength: length });
export const uuid = fc.tuple(hex(8), hex(4), hex(4), hex(4), hex(12)).map((parts) => parts.join("-"));
export const text = fc.string({ unit: "binary", maxLength: 40 }).filter((value) => value.isWellFormed());
export const domainRef: fc.Arbitrary<DomainRef> = fc.record({ name: text, uuid, id: fc.integer({ min: -1, max: 0x7fff_ffff }) });

const unsigned = fc.maxSafeNat();
const signed = fc.maxSafeInteger();
export const parameter: fc.Arbitrary<TypedParameter> = fc.oneof(
  fc.record({ field: text, kind: fc.constant("int" as const), value: fc.integer() }),
  fc.record({ field: text, kind: fc.constant("uint" as const), value: fc.nat() }),
  fc.record({ field: text, kind: fc.constant("llong" as const), value: signed }),
  fc.record({ field: text, kind: fc.constant("ullong" as const), value: unsigned }),
  fc.record({ field: text, kind: fc.constant("double" as const), value: fc.double({ noNaN: true }) }),
  fc.record({ field: text, kind: fc.constant("boolean" as const), value: fc.boolean() }),
  fc.record({ field: text, kind: fc.constant("string" as const), value: text }),
);

/** A small fast generator (xorshift): the fuzzer wants hundreds of thousands of values, repeatable by its seed. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}
