// relay.toml: read, validated, refused with line, column and remedy. Must not look at the machine or start anything.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { getStaticTOMLValue, ParseError, parseTOML, type AST } from "toml-eslint-parser";
import type * as z from "zod";
import { Places, type Place } from "./config/places.ts";
import { LATER_TABLES, relayTomlSchema } from "./config/schema.ts";
import type { ServiceDeclarations } from "./config/services.ts";
import type { CommandDeclarations } from "./drivers/command/tables.ts";
import type { HypervTable } from "./drivers/hyperv/tables.ts";
import type { LibvirtTable } from "./drivers/libvirt/tables.ts";
import type { TerminalTable } from "./drivers/tmux/tables.ts";

export { allows, type Allowance } from "./config/allow.ts";
export { writeStarterConfig, type StarterOptions } from "./config/starter.ts";

export interface RelayConfig {
  /** Absolute path of the file, for messages. */
  readonly file: string;
  /** null: not said; the enrolment knows it. */
  readonly name: string | null;
  readonly labels: readonly string[];
  readonly slots: number;
  /** Absolute; null: not said. */
  readonly stateDir: string | null;
  /** Patterns of `[allow] operations`; null without the table. */
  readonly allow: readonly string[] | null;
  readonly edgeUrl: string | null;
  /** Service token of Cloudflare Access; `clientSecretEnv` names the variable that holds the secret. */
  readonly access: { readonly clientId: string; readonly clientSecretEnv: string } | null;
  readonly terminal: TerminalTable;
  /** Lanes kept open where there is something to stream. */
  readonly lanes: number;
  readonly services: ServiceDeclarations;
  readonly commands: CommandDeclarations;
  readonly exec: boolean;
  /** At most one of the two: one hypervisor a host. Both null: no virtual machines here. */
  readonly libvirt: LibvirtTable | null;
  readonly hyperv: HypervTable | null;
}

/** `message` is one line for people: file, line, column, what is wrong, what to do. The parts are there too. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly file: string;
  /** Counted from 1; null when the file could not be read at all. */
  readonly line: number | null;
  readonly column: number | null;
  readonly problem: string;
  readonly remedy: string;
  constructor(file: string, place: Place | null, problem: string, remedy: string, options?: { cause?: unknown }) {
    super(`${file}${place ? `:${place.line}:${place.column}` : ""}: ${problem}. ${remedy}`.replaceAll(/\s*\n\s*/g, " "), options);
    this.file = file;
    this.line = place?.line ?? null;
    this.column = place?.column ?? null;
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** Larger than any file that passes the limits on commands and inputs in practice; bounds what a mistaken path costs. */
const FILE_BYTES = 4 * 1024 * 1024;

/** Reads and checks relay.toml. Throws ConfigError. */
export async function loadConfig(path: string): Promise<RelayConfig> {
  const file = resolve(path);
  let text: string;
  try {
    const bytes = await readFile(file);
    if (bytes.length > FILE_BYTES) throw new ConfigError(file, null, "is larger than 4 MiB", "Check that this is the right file.");
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT")
      throw new ConfigError(file, null, "does not exist", "Write it, or name another with --config.", { cause: error });
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA")
      throw new ConfigError(file, null, "is not UTF-8 text", "Save it as UTF-8.", { cause: error });
    throw new ConfigError(file, null, `cannot be read (${code ?? "unknown error"})`, "Check that the relay's user may read it.", {
      cause: error,
    });
  }
  return parseConfig(text, file);
}

/** Checks the text of a relay.toml; `file` is its path, for messages and relative directories. Throws ConfigError. */
export function parseConfig(text: string, file: string): RelayConfig {
  const program = parseDocument(text, file);
  const places = new Places(program);
  const reserved = places.reserved();
  if (reserved) throw new ConfigError(file, reserved.place, `${reserved.key} cannot be used as a key`, "Choose another name.");
  const parsed = relayTomlSchema.safeParse(getStaticTOMLValue(program));
  if (!parsed.success) throw firstError(file, places, parsed.error);
  const { data } = parsed;
  if (data.libvirt && data.hyperv)
    throw new ConfigError(
      file,
      places.ofKey(["hyperv"]),
      "hyperv stands beside libvirt: a host has one hypervisor",
      "Remove one of the two tables.",
    );
  return {
    file,
    name: data.name ?? null,
    labels: data.labels,
    slots: data.slots,
    stateDir: data.state_dir === undefined ? null : resolve(dirname(file), data.state_dir),
    allow: data.allow?.operations ?? null,
    edgeUrl: data.edge?.url ?? null,
    access: data.access ? { clientId: data.access.client_id, clientSecretEnv: data.access.client_secret_env } : null,
    terminal: data.terminal,
    lanes: data.lanes,
    services: data.services,
    commands: data.commands,
    exec: data.command.exec,
    libvirt: data.libvirt ?? null,
    hyperv: data.hyperv ?? null,
  };
}

function parseDocument(text: string, file: string): AST.TOMLProgram {
  try {
    return parseTOML(text, { tomlVersion: "1.0" });
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const place = { line: error.lineNumber, column: error.column + 1 };
    throw new ConfigError(file, place, error.message.replace(/\.$/, ""), "Correct the TOML (toml.io/en/v1.0.0).", { cause: error });
  }
}

interface Refusal {
  readonly place: Place;
  readonly problem: string;
  readonly remedy: string;
}

const dotted = (path: readonly PropertyKey[]) =>
  path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");

function refusalsOf(issue: z.core.$ZodIssue, places: Places): Refusal[] {
  const path = issue.path as (string | number)[];
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      place: places.ofKey([...path, key]),
      problem: `${dotted([...path, key])} is not a known key`,
      remedy:
        path.length === 0 && LATER_TABLES.has(key)
          ? `This version of the relay has no driver for [${key}]: remove the table.`
          : "Correct its spelling or remove it; docs/relay.md, docs/kvm.md and docs/hyperv.md list the keys.",
    }));
  if (issue.code === "invalid_key")
    return [
      {
        place: places.ofKey(path),
        problem: `${dotted(path)} is not a valid name: ${issue.issues[0]?.message ?? "invalid"}`,
        remedy: "Choose another name.",
      },
    ];
  const remedy: unknown = issue.code === "custom" ? issue.params?.["remedy"] : undefined;
  const subject = path.length > 0 ? `${dotted(path)}: ` : "";
  return [
    {
      place: places.ofValue(path),
      problem: subject + issue.message.replace(/^Invalid input: /, "").replace(/^expected \w+, received undefined$/, "is missing"),
      remedy: typeof remedy === "string" ? remedy : "Correct it; docs/configuration.md describes every key.",
    },
  ];
}

/** The refusal that stands first in the file. */
function firstError(file: string, places: Places, error: z.ZodError): ConfigError {
  const all = error.issues.flatMap((issue) => refusalsOf(issue, places));
  all.sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
  const first = all[0]!;
  return new ConfigError(file, first.place, first.problem, first.remedy);
}
