// Writes what derives from protocol/: docs/operations.md, docs/errors.md and OpenAPI (for docs/ and for the Worker).
// `--check` writes nothing and fails on a difference.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { ERRORS } from "../protocol/errors.ts";
import { buildOpenApi } from "../protocol/openapi.ts";
import type { OperationDefinition } from "../protocol/operations/define.ts";
import { OPERATIONS } from "../protocol/operations/index.ts";

const root = join(import.meta.dirname, "..");
const HEAD = "<!-- Written by `npm run generate` from protocol/. Do not edit. -->\n";

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly writeOnly?: boolean;
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function typeOf(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.type === "array") return `list of ${schema.items ? typeOf(schema.items) : "anything"}`;
  if (schema.type === "object" && !schema.properties && typeof schema.additionalProperties === "object")
    return `map to ${typeOf(schema.additionalProperties)}`;
  return Array.isArray(schema.type) ? schema.type.join(" or ") : String(schema.type ?? "anything");
}

function boundsOf(schema: JsonSchema): string {
  const own = [
    schema.minimum === undefined ? "" : `from ${schema.minimum}`,
    schema.maximum === undefined || schema.maximum === Number.MAX_SAFE_INTEGER ? "" : `to ${schema.maximum}`,
    schema.maxLength === undefined ? "" : `at most ${schema.maxLength} characters`,
    schema.maxItems === undefined ? "" : `at most ${schema.maxItems}`,
    schema.pattern === undefined ? "" : `\`${schema.pattern}\``,
    schema.default === undefined ? "" : `default \`${JSON.stringify(schema.default)}\``,
    schema.writeOnly ? "**secret**" : "",
  ];
  return own.filter(Boolean).join(", ");
}

/** A row for each field; fields of what lies inside follow with their path. */
function rowsOf(schema: JsonSchema, path = ""): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const full = `${path}${name}`;
    const notes = [field.description ?? "", boundsOf(field), schema.required?.includes(name) ? "" : "optional"].filter(Boolean).join("; ");
    const inside = field.type === "array" ? field.items : field;
    return [
      `| \`${full}\` | ${cell(typeOf(field))} | ${cell(notes)} |`,
      ...(inside ? rowsOf(inside, `${full}${field.type === "array" ? "[]" : ""}.`) : []),
    ];
  });
}

function fieldTable(schema: z.ZodType, io: "input" | "output", none: string): string[] {
  const rows = rowsOf(z.toJSONSchema(schema, { io }) as JsonSchema);
  return rows.length === 0 ? [none] : ["| field | type | notes |", "| --- | --- | --- |", ...rows];
}

function operationSection(operation: OperationDefinition): string[] {
  const { name, summary, risk, idempotent, plannable, timeoutMs, rules, spec, data } = operation;
  const facts = [
    `risk \`${risk}\``,
    idempotent ? "idempotent" : "not idempotent: never run again by itself",
    plannable ? "can be planned" : "",
    `timeout ${timeoutMs.default} ms, at most ${timeoutMs.max} ms`,
  ];
  const ruled = rules.length === 0 ? [] : ["", "Rules:", "", ...rules.map((rule) => `- ${rule.name}: \`${rule.pointer}\` ${rule.message}`)];
  return [
    `## ${name}`,
    "",
    `${summary}.`,
    "",
    `${facts.filter(Boolean).join("; ")}.`,
    "",
    "`resource_spec`:",
    "",
    ...fieldTable(spec, "input", "No fields."),
    ...ruled,
    "",
    "`data`:",
    "",
    ...fieldTable(data, "output", "None."),
    "",
  ];
}

function operationsPage(): string {
  const all: readonly OperationDefinition[] = Object.values(OPERATIONS);
  const index = all.map(({ name, summary, risk }) => `| [${name}](#${name.replace(".", "")}) | ${risk} | ${cell(summary)} |`);
  return [
    HEAD,
    "# Operations",
    "",
    "| operation | risk | does |",
    "| --- | --- | --- |",
    ...index,
    "",
    ...all.flatMap(operationSection),
  ].join("\n");
}

function errorsPage(): string {
  const sections = Object.entries(ERRORS).flatMap(([code, { status, retryable, message, remedy }]) => [
    `## ${code}`,
    "",
    `HTTP ${status}${retryable ? "; the same request may succeed later" : ""}. ${message}`,
    "",
    `Remedy: ${remedy}`,
    "",
  ]);
  return [
    HEAD,
    "# Errors",
    "",
    "A code is never renamed or reused. Problem documents (RFC 9457) carry it as `code`, results of jobs too.",
    "",
    ...sections,
  ].join("\n");
}

/** The document as one text: as an object it would fill 1.3 MB of the Worker's heap. ASCII, so that it takes a byte a character. */
function openapiModule(openapi: object): string {
  const text = JSON.stringify(openapi).replaceAll(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `// Written by \`npm run generate\` from protocol/. Do not edit.\nexport const OPENAPI: string = ${JSON.stringify(text)};\n`;
}

function generated(): Record<string, string> {
  const openapi = buildOpenApi();
  return {
    "docs/operations.md": operationsPage(),
    "docs/errors.md": errorsPage(),
    "docs/openapi.json": `${JSON.stringify(openapi, null, 2)}\n`,
    "worker/generated/openapi.ts": openapiModule(openapi),
  };
}

const isCheck = process.argv.includes("--check");
for (const [path, text] of Object.entries(generated())) {
  const file = join(root, path);
  const now = await readFile(file, "utf8").catch(() => null);
  if (now === text) continue;
  if (isCheck) {
    process.stderr.write(`${path} is not what protocol/ says: run \`npm run generate\`\n`);
    process.exitCode = 1;
  } else {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    process.stderr.write(`wrote ${path}\n`);
  }
}
