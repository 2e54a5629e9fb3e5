// Which fields of a spec are secret, and how they are cut out of a record and put back for delivery.
import * as z from "zod";

/** Marks a schema's value as secret: cut out before the first write, sealed, never logged (DESIGN 4). */
export function secret<T extends z.ZodType>(schema: T): T {
  return schema.meta({ ...schema.meta(), secret: true, writeOnly: true });
}

/** What stands in a record where a secret was: the index into the sealed list. */
export interface SecretPlace {
  readonly $secret: number;
}

/** JSON pointers (RFC 6901) of the secret fields that `value` really has, by its schema. */
export function secretPointers(schema: z.ZodType, value: unknown, pointer = ""): string[] {
  if (value === undefined || value === null) return [];
  if (schema.meta()?.["secret"] === true) return [pointer];
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return secretPointers(schema.unwrap() as z.ZodType, value, pointer);
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, field]) =>
      secretPointers(field, (value as Record<string, unknown>)[key], `${pointer}/${escapePointer(key)}`),
    );
  if (schema instanceof z.ZodRecord)
    return Object.entries(value as Record<string, unknown>).flatMap(([key, item]) =>
      secretPointers(schema.valueType as z.ZodType, item, `${pointer}/${escapePointer(key)}`),
    );
  if (schema instanceof z.ZodArray)
    return (value as unknown[]).flatMap((item, index) => secretPointers(schema.element as z.ZodType, item, `${pointer}/${index}`));
  return [];
}

export function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function pathOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

type Tree = Record<string, unknown>;

function parentOf(root: unknown, path: string[]): Tree {
  return path.slice(0, -1).reduce((node, key) => (node as Tree)[key], root) as Tree;
}

/** A copy of `value` with each secret replaced by its place, and the secrets in order. Key order is kept, so delivery gives the same bytes each time. */
export function cutSecrets(value: unknown, pointers: readonly string[]): { cut: unknown; secrets: unknown[] } {
  if (pointers.length === 0) return { cut: value, secrets: [] };
  const cut = structuredClone(value);
  const secrets = pointers.map((pointer, index) => {
    const path = pathOf(pointer);
    const parent = parentOf(cut, path);
    const key = path.at(-1)!;
    const found = parent[key];
    parent[key] = { $secret: index } satisfies SecretPlace;
    return found;
  });
  return { cut, secrets };
}

/** The inverse of {@link cutSecrets}. `pointers` are those that were cut. */
export function putSecrets(cut: unknown, pointers: readonly string[], secrets: readonly unknown[]): unknown {
  if (pointers.length === 0) return cut;
  const value = structuredClone(cut);
  pointers.forEach((pointer, index) => {
    const path = pathOf(pointer);
    parentOf(value, path)[path.at(-1)!] = secrets[index];
  });
  return value;
}

/** What a reader sees: the record with each secret as `null`. */
export function hideSecrets(cut: unknown, pointers: readonly string[]): unknown {
  return putSecrets(
    cut,
    pointers,
    pointers.map(() => null),
  );
}
