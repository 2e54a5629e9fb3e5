// PowerShell texts as trees, without PowerShell: tree-sitter's grammar, compiled to WebAssembly. Says where it reads none.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Language, type Node, Parser } from "web-tree-sitter";

// V8's optimizing compiler ends the process ("Fatal process out of memory: Zone") on grammars of this size: baseline code only.
for (const flag of ["--liftoff", "--no-wasm-tier-up", "--no-wasm-dynamic-tiering"]) setFlagsFromString(flag);
await Parser.init();
const grammar = join(import.meta.dirname, "../../node_modules/tree-sitter-pwsh/tree-sitter-powershell.wasm");
const parser = new Parser().setLanguage(await Language.load(readFileSync(grammar)));

export interface Script {
  /** From the root, with `/`; what findings name. */
  path: string;
  text: string;
  root: Node;
}

export interface Finding {
  line: number;
  what: string;
}

/** What the grammar lacks, written as what it has, in as many characters: `-cin` and its like. */
const plain = (text: string) => text.replaceAll(/(?<=\s)-[ci](in|notin)(?=\s)/gi, (all, word: string) => `-${word}`.padEnd(all.length));

export function parseScript(path: string, text: string): Script {
  const tree = parser.parse(plain(text));
  if (!tree) throw new Error(`no tree of ${path}`);
  return { path, text, root: tree.rootNode };
}

export const at = (node: Node, what: string): Finding => ({ line: node.startPosition.row + 1, what });

export const all = (script: Script | Node, ...types: string[]): Node[] =>
  ("root" in script ? script.root : script).descendantsOfType(types).filter((node) => node !== null);

/** Where the grammar finds no PowerShell. */
export function brokenAt(script: Script): Finding[] {
  const found: Finding[] = [];
  const walk = (node: Node): void => {
    if (node.isError || node.isMissing) found.push(at(node, `is no PowerShell: ${node.text.slice(0, 60).replaceAll("\n", " ")}`));
    else for (const child of node.children) if (child?.hasError || child?.isMissing) walk(child);
  };
  if (script.root.hasError) walk(script.root);
  return found;
}

/** The text with as many blanks in place of its strings and comments. */
export function codeOf(script: Script): string {
  let text = script.text;
  for (const { startIndex, endIndex } of all(script, "string_literal", "comment"))
    text = text.slice(0, startIndex) + text.slice(startIndex, endIndex).replaceAll(/[^\n]/g, " ") + text.slice(endIndex);
  return text;
}

export interface Call {
  name: string;
  node: Node;
  /** As written, with the value that follows, if one does. A splatted variable is no argument. */
  parameters: { name: string; value: Node | null }[];
  /** Values before which no parameter stands. */
  positional: Node[];
  splats: string[];
}

/** Calls of commands by name; not of script blocks in variables. A parameter's value is what follows it, until its kind is known. */
export function calls(script: Script): Call[] {
  return all(script, "command").flatMap((node) => {
    const name = node.childForFieldName("command_name");
    if (!name || name.type !== "command_name") return [];
    const call: Call = { name: name.text, node, parameters: [], positional: [], splats: [] };
    for (const part of node.childForFieldName("command_elements")?.namedChildren ?? []) {
      if (!part || part.type === "command_argument_sep" || part.type === "redirection" || part.type === "argument_list") continue;
      const last = call.parameters.at(-1);
      if (part.type === "command_parameter") call.parameters.push({ name: part.text.replace(/^-/, ""), value: null });
      else if (/^@\w+$/.test(part.text)) call.splats.push(part.text.slice(1));
      else if (last?.value === null) last.value = part;
      else call.positional.push(part);
    }
    return [call];
  });
}
