// The commands that the agent may call, with their parameters, and a linter of its calls. Hyper-V's and CIM's come from the fake's
// functions (which Pester holds against the published help), its own from its files; the rest is Windows PowerShell's core, listed.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Node } from "web-tree-sitter";
import { all, at, type Call, calls, type Finding, parseScript, type Script } from "./syntax.ts";

export interface Parameter {
  isSwitch: boolean;
  /** Names of an enumeration, in lower case; null where any value may stand. */
  values: readonly string[] | null;
}

export interface Command {
  origin: "Hyper-V" | "CimCmdlets" | "agent";
  name: string;
  /** By name and alias in lower case. */
  parameters: ReadonlyMap<string, Parameter>;
}

/** By name in lower case. */
export type CommandTable = ReadonlyMap<string, Command>;

/** Microsoft.PowerShell.Core, Utility and Management: what the agent needs of them, all in 5.1. */
const CORE =
  "ForEach-Object Where-Object Sort-Object Select-Object Group-Object Measure-Object Compare-Object New-Object Get-Module Import-Module Get-Command " +
  "Write-Warning Write-Verbose Write-Error Write-Debug Write-Information Start-Sleep Set-StrictMode Test-Path Get-Variable Out-Null " +
  "Get-Event Wait-Event Remove-Event Register-ObjectEvent Unregister-Event Get-EventSubscriber New-Event";
const COMMON =
  "verbose debug erroraction warningaction informationaction errorvariable warningvariable informationvariable outvariable outbuffer pipelinevariable";
const FAKE = "test/agents/hyperv/fake-hyperv";

/** `name=value,value:number` lines of the fake's types. */
function enumerations(root: string): Map<string, string[]> {
  const text = readFileSync(join(root, FAKE, "world/types.ps1"), "utf8");
  const head = text.slice(text.indexOf("$script:FakeEnums"), text.indexOf("$script:FakeClasses"));
  return new Map(
    [...head.matchAll(/'(\w+)(?:@[\w.]+)?=([^']+)'/g)].map(([, name, values]) => [
      name!.toLowerCase(),
      values!.split(",").map((value) => value.split(":")[0]!.toLowerCase()),
    ]),
  );
}

const typeOf = (parameter: Node) =>
  (parameter.namedChildren.find((child) => child?.type === "attribute_list")?.namedChildren ?? [])
    .map((attribute) => attribute.namedChildren.find((child) => child?.type === "type_literal")?.text.replaceAll(/[[\]]/g, "") ?? "")
    .findLast((type) => type !== "") ?? "object";

function aliasesOf(parameter: Node): string[] {
  const alias = all(parameter, "attribute").filter((node) => /^\[Alias\(/i.test(node.text));
  return alias.flatMap((node) => [...node.text.matchAll(/['"](\w+)['"]/g)].map(([, name]) => name!));
}

function readCommand(script: Script, origin: Command["origin"], enums: Map<string, string[]>): Command[] {
  const node = all(script, "function_statement")[0];
  const block = node && all(node, "param_block")[0];
  if (!node) return [];
  const parameters = new Map<string, Parameter>(
    COMMON.split(" ").map((name) => [name, { isSwitch: /^(verbose|debug)$/.test(name), values: null }]),
  );
  if (/SupportsShouldProcess/.test(block?.text ?? ""))
    for (const name of ["whatif", "confirm"]) parameters.set(name, { isSwitch: true, values: null });
  const list = block?.namedChildren.find((child) => child?.type === "parameter_list");
  for (const parameter of list?.namedChildren ?? []) {
    if (parameter?.type !== "script_parameter") continue;
    const name = parameter.namedChildren.find((child) => child?.type === "variable")!.text.slice(1);
    const type = typeOf(parameter).toLowerCase();
    const entry = { isSwitch: /^(switch|.*switchparameter)$/.test(type), values: enums.get(type.replace(/^.*\./, "")) ?? null };
    for (const one of [name, ...aliasesOf(parameter)]) parameters.set(one.toLowerCase(), entry);
    // After `$A = 1, [switch] $B` the grammar takes the next parameters for more of the default.
    for (const more of all(parameter, "cast_expression")) {
      const word = /^\[([\w.]+)\]\s*\$(\w+)$/.exec(more.text);
      if (word) parameters.set(word[2]!.toLowerCase(), { isSwitch: /^switch$/i.test(word[1]!), values: null });
    }
  }
  return [{ origin, name: all(node, "function_name")[0]!.text, parameters }];
}

export function commandTable(root: string): CommandTable {
  const enums = enumerations(root);
  const folders: [Command["origin"], string][] = [
    ["Hyper-V", `${FAKE}/modules/Hyper-V/cmdlets`],
    ["CimCmdlets", `${FAKE}/modules/CimCmdlets/cmdlets`],
    ["agent", "agents/hyperv/functions"],
  ];
  const commands = folders.flatMap(([origin, folder]) =>
    globSync(`${folder}/*.ps1`, { cwd: root }).flatMap((path) =>
      readCommand(parseScript(path, readFileSync(join(root, path), "utf8")), origin, enums),
    ),
  );
  return new Map(commands.map((command) => [command.name.toLowerCase(), command]));
}

/** Keys that a script gives to the hashtable in a variable: literally, `$set.Key = `, `$set['Key'] = `. */
function keysOf(script: Script, variable: string): string[] {
  return all(script, "assignment_expression").flatMap((node) => {
    const target = node.child(0)?.text ?? "";
    if (target.toLowerCase() === `$${variable}`.toLowerCase()) {
      const body = all(node, "hash_literal_body")[0];
      const entries = (body?.namedChildren ?? []).filter((child) => child?.type === "hash_entry");
      return entries.map((entry) => entry.namedChild(0)!.text.replaceAll(/['"]/g, ""));
    }
    const key = new RegExp(`^\\$${variable}(?:\\.(\\w+)|\\[['"](\\w+)['"]\\])$`, "i").exec(target);
    return key ? [key[1] ?? key[2]!] : [];
  });
}

/** The word that stands there; null for what only the run shows. */
const literal = (node: Node | null) =>
  /^(?:'(\w+)'|"(\w+)"|(\w+))$/
    .exec(node?.text ?? "")
    ?.slice(1)
    .find(Boolean)
    ?.toLowerCase() ?? null;

function wrongIn(call: Call, command: Command, script: Script): string[] {
  const found: string[] = [];
  let positional = call.positional.length;
  for (const { name, value } of call.parameters) {
    const parameter = command.parameters.get(name.toLowerCase());
    if (!parameter) found.push(`${call.name} has no -${name}`);
    // `-Switch value`: the value is none of the switch's, unless a colon binds it.
    else if (parameter.isSwitch && value && value.previousSibling?.text.startsWith(":") === false) positional++;
    const word = literal(value);
    if (parameter?.values && word && !parameter.values.includes(word))
      found.push(`${call.name} -${name} ${word}: none of ${parameter.values.join(", ")}`);
  }
  for (const splat of call.splats)
    for (const key of keysOf(script, splat))
      if (!command.parameters.has(key.toLowerCase())) found.push(`${call.name} @${splat} has no ${key}`);
  if (positional > 0 && command.origin !== "agent") found.push(`${call.name} has a value that no parameter names`);
  return found;
}

/** What is wrong with a script's calls, as far as the text shows it. */
export function lintCalls(script: Script, table: CommandTable): Finding[] {
  const core = new Set(CORE.toLowerCase().split(" "));
  return calls(script).flatMap((call) => {
    const command = table.get(call.name.toLowerCase());
    if (command) return wrongIn(call, command, script).map((what) => at(call.node, what));
    return core.has(call.name.toLowerCase())
      ? []
      : [at(call.node, `${call.name} is no command of Hyper-V, CIM, the agent or PowerShell's core`)];
  });
}
