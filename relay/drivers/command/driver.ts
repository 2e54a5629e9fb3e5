// The driver of the operations command.run and command.exec: named commands of relay.toml, and any argv where it says so.
import { isAbsolute } from "node:path";
import { checkInputs, type FieldError, type InputValues } from "../../../protocol/inputs.ts";
import type { RelayConfig } from "../../config.ts";
import type { Driver, Handler, SpecOf } from "../contract.ts";
import { refuse } from "../refusal.ts";
import { execute, type Program } from "./execute.ts";
import type { CommandDeclaration } from "./tables.ts";
import { fill, wholeInput } from "./template.ts";

type Operations = "command.run" | "command.exec";
type CommandConfig = Pick<RelayConfig, "commands" | "exec" | "file">;

const INPUTS = "/resource_spec/inputs";

/** A lone surrogate has no UTF-8: it would reach the program as another character. */
function malformed(values: InputValues): FieldError[] {
  return Object.entries(values)
    .filter(([, value]) => typeof value === "string" && !value.isWellFormed())
    .map(([name]) => ({ pointer: `${INPUTS}/${name}`, message: "must be valid Unicode" }));
}

function programOf(command: CommandDeclaration, values: InputValues): Program {
  return {
    argv: command.argv.map((argument) => {
      const input = wholeInput(argument);
      return input === null ? argument : String(values[input]);
    }),
    cwd: command.cwd,
    env: command.env && Object.fromEntries(Object.entries(command.env).map(([name, text]) => [name, fill(text, values)])),
    stdin: command.stdin === undefined ? undefined : fill(command.stdin, values),
  };
}

const own = (config: CommandConfig, name: string): CommandDeclaration | undefined =>
  Object.hasOwn(config.commands, name) ? config.commands[name] : undefined;

function runCommand(config: CommandConfig): Handler<"command.run"> {
  const names = Object.keys(config.commands).sort();
  const known = names.length > 0 ? `It declares ${names.join(", ")}.` : "It declares none.";
  return async (spec, context) => {
    const command = own(config, spec.name);
    if (!command) return refuse("COMMAND_UNKNOWN", `The host declares no command "${spec.name}". ${known}`);
    const { values, errors } = checkInputs(spec.inputs ?? {}, command.inputs ?? {}, INPUTS, true);
    errors.push(...malformed(values));
    if (errors.length > 0) return refuse("INPUT_INVALID", undefined, errors);
    return execute(programOf(command, values), context);
  };
}

function execErrors(spec: SpecOf<"command.exec">): FieldError[] {
  const texts: [string, string | undefined][] = [
    ...spec.argv.map((argument, index): [string, string] => [`/resource_spec/argv/${index}`, argument]),
    ...Object.entries(spec.env ?? {}).map(([name, value]): [string, string] => [`/resource_spec/env/${name}`, value]),
    ["/resource_spec/cwd", spec.cwd],
    ["/resource_spec/stdin", spec.stdin],
  ];
  const errors = texts
    .filter(([, text]) => text?.isWellFormed() === false)
    .map(([pointer]) => ({ pointer, message: "must be valid Unicode" }));
  if (spec.cwd !== undefined && !isAbsolute(spec.cwd)) errors.push({ pointer: "/resource_spec/cwd", message: "must be an absolute path" });
  return errors;
}

function execCommand(config: CommandConfig): Handler<"command.exec"> {
  return async (spec, context) => {
    if (!config.exec) return refuse("EXEC_DISABLED", `Set exec = true under [command] in ${config.file} on the host.`);
    const errors = execErrors(spec);
    if (errors.length > 0) return refuse("SPEC_INVALID", undefined, errors);
    return execute(spec, context);
  };
}

export function createCommandDriver(config: CommandConfig): Driver<Operations> {
  const declared = (operation: Operations, spec: unknown) =>
    operation === "command.run" ? own(config, (spec as SpecOf<"command.run">).name) : undefined;
  return {
    name: "command",
    handlers: { "command.run": runCommand(config), "command.exec": execCommand(config) },
    locks(operation, spec) {
      const lock = declared(operation, spec)?.lock;
      return lock === undefined ? [] : [`command:${lock}`];
    },
    timeoutMs: (operation, spec) => declared(operation, spec)?.timeout_ms,
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    health() {
      const count = Object.keys(config.commands).length;
      const commands = `${count === 0 ? "no" : count} declared command${count === 1 ? "" : "s"}`;
      return { available: true, detail: `${commands}; any other program: ${config.exec ? "enabled" : "off"}` };
    },
  };
}
