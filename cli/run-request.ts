// What `farhand run` was asked to run: words of a command line as an operation with its specification.
import type * as z from "zod";
import type { Host, operationSchema } from "../protocol/api/shapes.ts";
import type { InputDeclaration } from "../protocol/inputs.ts";
import type { Client } from "./client.ts";
import { CliFailure, EXIT, usage } from "./failure.ts";
import { readList, segment } from "./session.ts";
import { readValue } from "./value-source.ts";
import type { Input } from "./verb.ts";

type Operation = z.infer<typeof operationSchema>;

export type RunTarget = { readonly host: string } | { readonly labels: readonly string[]; readonly pick: "one" | "all" };

export interface RunRequest {
  readonly target: RunTarget;
  readonly operation: string;
  readonly spec: Record<string, unknown>;
  /** Answered at once, without a job. */
  readonly isRead: boolean;
}

const OPERATION = /^[a-z]+(\.[a-z][a-z0-9-]*)+$/;
const HOSTS = 500;

function targetOf(input: Input): { target: RunTarget; words: readonly string[] } {
  const labels = input.list("label");
  if (labels.length > 0) return { target: { labels, pick: input.flag("all") ? "all" : "one" }, words: input.words };
  if (input.flag("all")) throw usage("--all goes with --label: farhand run --label linux --all …");
  return { target: { host: input.need(0, "The host") }, words: input.words.slice(1) };
}

/** `a=b` pairs; the value's text comes from where it says. */
function pairs(words: readonly string[]): [string, string][] {
  return words.map((word) => {
    const at = word.indexOf("=");
    if (at < 1) throw usage(`${word} is not name=value.${word.startsWith("-") ? "" : " A program with arguments goes after `--`."}`);
    const name = word.slice(0, at);
    return [name, readValue(word.slice(at + 1), name)];
  });
}

/** By the declared type; what does not fit stays text, and the edge says what is wrong with it. */
function typed(text: string, type: string | undefined): unknown {
  if ((type === "integer" || type === "number") && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  if (type === "array" || type === "object") {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  }
  return text;
}

function parseSpec(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(readValue(text, "--spec")) as unknown;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    if (error instanceof CliFailure) throw error;
  }
  throw usage("--spec is not a JSON object.");
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** Inputs of a command, as the host declares them; of the first host that knows it when labels choose. */
async function declaredInputs(client: Client, target: RunTarget, name: string): Promise<Readonly<Record<string, InputDeclaration>>> {
  if ("host" in target) {
    const host = await client.get<Host>(`/api/v1/hosts/${segment(target.host)}`);
    return host.capabilities?.commands[name]?.inputs ?? {};
  }
  const { items } = await readList<Host>(client, "/api/v1/hosts", HOSTS);
  const fits = items.filter((host) =>
    target.labels.every((label) => [...host.labels, ...host.relay_labels].some((own) => same(own, label))),
  );
  return fits.find((host) => host.capabilities?.commands[name])?.capabilities?.commands[name]?.inputs ?? {};
}

async function commandRun(client: Client, target: RunTarget, name: string, words: readonly string[]): Promise<Record<string, unknown>> {
  const given = pairs(words);
  if (given.length === 0) return { name };
  const declared = await declaredInputs(client, target, name);
  return { name, inputs: Object.fromEntries(given.map(([key, text]) => [key, typed(text, declared[key]?.type)])) };
}

function commandExec(input: Input, argv: readonly string[]): Record<string, unknown> {
  if (argv.length === 0) throw usage("There is no program after `--`.");
  const env = Object.fromEntries(pairs(input.list("env")));
  const stdin = input.text("stdin");
  const cwd = input.text("cwd");
  return {
    argv,
    ...(cwd === undefined ? {} : { cwd }),
    ...(Object.keys(env).length > 0 ? { env } : {}),
    ...(stdin === undefined ? {} : { stdin: readValue(stdin, "--stdin") }),
  };
}

async function namedOperation(
  client: Client,
  target: RunTarget,
  name: string,
  words: readonly string[],
  spec: string | undefined,
): Promise<RunRequest> {
  const operation = await client.get<Operation>(`/api/v1/operations/${segment(name)}`);
  const properties = (operation.resource_spec["properties"] ?? {}) as Record<string, { type?: string }>;
  const fields = Object.fromEntries(pairs(words).map(([key, text]) => [key, typed(text, properties[key]?.type)]));
  return {
    target,
    operation: name,
    spec: { ...(spec === undefined ? {} : parseSpec(spec)), ...fields },
    isRead: operation.risk === "read",
  };
}

export async function readRunRequest(client: Client, input: Input): Promise<RunRequest> {
  const { target, words } = targetOf(input);
  const spec = input.text("spec");
  if (input.rest !== null) {
    if (words.length > 0) throw usage(`${words[0]} stands before \`--\`: either a command's name, or a program after \`--\`.`);
    return { target, operation: "command.exec", spec: commandExec(input, input.rest), isRead: false };
  }
  const [name, ...rest] = words;
  if (name === undefined)
    throw new CliFailure(
      EXIT.usage,
      "What to run is missing: a command of the host, an operation such as host.info, or `-- PROGRAM`; see --help.",
    );
  if (OPERATION.test(name)) return await namedOperation(client, target, name, rest, spec);
  if (spec !== undefined) throw usage("--spec goes with an operation such as command.run.");
  return { target, operation: "command.run", spec: await commandRun(client, target, name, rest), isRead: false };
}
