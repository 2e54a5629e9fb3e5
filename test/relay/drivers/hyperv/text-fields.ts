// Every text field of the operations on virtual machines, found in their schemas, and specifications that are right but for one of them.
import type * as z from "zod";
import type { OperationDefinition } from "../../../../protocol/operations/define.ts";
import { VM_OPERATIONS } from "../../../../protocol/operations/virtual-machines.ts";
import type { Operations } from "../../../../relay/drivers/hyperv/session.ts";

export interface TextField {
  readonly operation: Operations;
  /** JSON pointer into the specification; members of lists are the first. */
  readonly pointer: string;
  /** One of a few words, and nothing else. */
  readonly isEnum: boolean;
}

type Def = { readonly type: string } & Readonly<Record<string, unknown>>;
type Path = readonly string[];
const defOf = (schema: z.ZodType) => schema._zod.def as unknown as Def;
const WRAPPERS: ReadonlySet<string> = new Set(["optional", "nullable", "default"]);
const PLAIN: ReadonlySet<string> = new Set(["number", "boolean", "null", "literal"]);

function leaves(schema: z.ZodType, path: Path): { readonly path: Path; readonly isEnum: boolean }[] {
  const def = defOf(schema);
  if (def.type === "string" || def.type === "enum") return [{ path, isEnum: def.type === "enum" }];
  if (WRAPPERS.has(def.type)) return leaves(def["innerType"] as z.ZodType, path);
  if (def.type === "array") return leaves(def["element"] as z.ZodType, [...path, "0"]);
  if (def.type === "object")
    return Object.entries(def["shape"] as Record<string, z.ZodType>).flatMap(([name, inner]) => leaves(inner, [...path, name]));
  if (PLAIN.has(def.type)) return [];
  throw new Error(`/${path.join("/")}: texts within a ${def.type} are not looked for; teach this test`);
}

export const TEXT_FIELDS: readonly TextField[] = (Object.keys(VM_OPERATIONS) as Operations[]).flatMap((operation) =>
  leaves((VM_OPERATIONS[operation] as unknown as OperationDefinition).spec, []).map(({ path, isEnum }) => ({
    operation,
    pointer: `/${path.join("/")}`,
    isEnum,
  })),
);

const MEMORY = 64 * 1024 * 1024;
/** For what a schema does not say itself: the first that it takes. */
const RIGHT: readonly unknown[] = ["11111111-2222-4333-8444-555555555555", "a0", "00:15:5d:00:00:01", MEMORY, 1, 10, false];

/** A value of the schema with what is needed alone, and `value` where the path leads. `known`: values by name, before those of RIGHT. */
function sample(schema: z.ZodType, path: Path | null, value: unknown, known: Readonly<Record<string, unknown>>, name = ""): unknown {
  const def = defOf(schema);
  if (path?.length === 0 && !WRAPPERS.has(def.type)) return value;
  if (WRAPPERS.has(def.type)) return sample(def["innerType"] as z.ZodType, path, value, known, name);
  if (def.type === "array") return [sample(def["element"] as z.ZodType, path?.slice(1) ?? null, value, known, name)];
  if (def.type === "object") {
    const entries = Object.entries(def["shape"] as Record<string, z.ZodType>).flatMap(([key, inner]) => {
      const on = path?.[0] === key;
      const { type, defaultValue } = defOf(inner);
      if (!on && type === "optional") return [];
      if (!on && type === "default") return [[key, defaultValue]];
      return [[key, sample(inner, on ? path.slice(1) : null, value, known, key)]];
    });
    return Object.fromEntries(entries) as unknown;
  }
  const found = [known[name], ...Object.values(def["entries"] ?? {}), ...RIGHT].find((one) => schema.safeParse(one).success);
  if (found === undefined) throw new Error(`/${name}: no sample fits; add one`);
  return found;
}

/** Right but for that field, where a rule across fields does not want more. */
export function specWith({ operation, pointer }: TextField, value: unknown, known: Readonly<Record<string, unknown>> = {}): object {
  const { spec } = VM_OPERATIONS[operation] as unknown as OperationDefinition;
  return sample(spec, pointer.slice(1).split("/"), value, known) as object;
}

/** Texts that are more than text to somebody on their way, by name. Each that could start something would make `canary`. */
export const hostileTexts = (canary: string): Readonly<Record<string, string>> => ({
  quotes: `"'\`'"\u2018\u2019\u201c\u201d`,
  "a subexpression": `$(New-Item -Path '${canary}')`,
  "a subexpression in quotes": `"$(touch '${canary}')"'$(touch ${canary})'`,
  backticks: `\`touch ${canary}\` \`n \`0`,
  "a new line": `x\ntouch ${canary}\nNew-Item ${canary}\n`,
  "a carriage return": `x\r\nNew-Item ${canary}\r`,
  "a semicolon": `x; touch ${canary}; rm -rf ${canary}`,
  "a pipe": `x | tee ${canary} & touch ${canary} && touch ${canary} || touch ${canary} > ${canary}`,
  "a stop of parsing": `--% & touch ${canary}`,
  "a parameter": `-Name * -Force -WhatIf:$false`,
  variables: "$env:PATH ${env:PATH} $global:x %PATH% $$ $^ $? $_ @args @{a=1} @(1)",
  comments: `#> <# # ' -- /* */`,
  formats: "{0} %s %n {{}} \\u0041 \\x41 &amp; <a/> ]]> ${jndi:ldap://x}",
  wildcards: "* ? [a-z] [!x]",
  "a path": `../../../../${canary}`,
  "a stream": "C:\\Windows\\x:stream::$DATA",
  "a reference": '{"$result":0,"path":"id"}',
  "our own mark": 'mine\n---- farhand ----\n{"tags":["stolen"],"deletion_protection":true}',
  spaces: "  \t before and after \t\n ",
  "what is not ASCII": "ünï ß ﷽ 漢字 العربية e\u0301 \u00a0\u2028\u2029\u202e\ufeff\u007f\u0085",
  emoji: "🐧👩‍👩‍👧🏳️‍🌈\u{10ffff}",
  "half a pair": "a\ud83d",
  "the other half": "\udc27b",
  "a null": "a\0b",
  "a bell": "a\u0007b",
  "10 KB": "ü".repeat(10 * 1024),
  "10 KB of quotes": `'"`.repeat(5 * 1024),
});
