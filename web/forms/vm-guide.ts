// Hints for the fields of a form out of the operation's own JSON Schema: its description and its bounds.
import { get, segment } from "../api/client.ts";
import { useResource } from "../api/resource.ts";
import type { Operation } from "../api/session.ts";
import { sizeOf } from "../parts/format.ts";

interface Schema {
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** The hint of a field: `disks/size_bytes` is that of each disk. */
export type Guide = (path: string) => string;

const insideOf = (schema: Schema | undefined): Schema | undefined => {
  const found = schema?.anyOf?.find((one) => one.properties ?? one.items ?? one.minimum !== undefined) ?? schema;
  return found?.items?.properties ? found.items : found;
};

function boundsOf(name: string, { minimum, maximum }: Schema): string {
  const said = (value: number) => (name.endsWith("_bytes") ? sizeOf(value).replace(".0 ", " ") : value.toLocaleString("en"));
  if (maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER) return "";
  return minimum !== undefined && minimum > 0 ? `${said(minimum)} to ${said(maximum)}` : `at most ${said(maximum)}`;
}

/** A size is typed in a unit of its own. */
const said = (name: string, description: string) => (name.endsWith("_bytes") ? description.replace(/^bytes(, )?/, "") : description);

/** Pure. */
export function guideFrom(schema: unknown): Guide {
  return (path) => {
    const parts = path.split("/");
    let at = schema as Schema | undefined;
    for (const part of parts) at = insideOf(insideOf(at)?.properties?.[part]);
    if (!at) return "";
    return [said(parts.at(-1)!, at.description ?? ""), boundsOf(parts.at(-1)!, at)].filter(Boolean).join(" · ");
  };
}

/** Says nothing until it was loaded: a form does not wait for its hints. */
export function useGuide(operation: string): Guide {
  const found = useResource(`operation ${operation}`, (signal) => get<Operation>(`/api/v1/operations/${segment(operation)}`, signal));
  return guideFrom(found.data?.resource_spec);
}
