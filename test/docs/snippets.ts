// Fenced blocks of a page under docs/, each with the marker that stands before it: `<!-- run: name -->` (a test runs it),
// `<!-- parsed: name -->` (it cannot run here; its syntax is checked), `<!-- check: toml -->` (a relay.toml that is valid) or `<!-- check: vm.create -->` (a
// specification of that operation).
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Snippet {
  readonly page: string;
  /** 1 is the first line of the page. */
  readonly line: number;
  readonly marker: "run" | "parsed" | "check" | null;
  readonly name: string;
  readonly language: string;
  readonly text: string;
}

export const PAGES = ["models.md", "services.md", "clients.md", "virtual-machines.md", "kvm.md", "hyperv.md", "terraform.md"] as const;
const FENCE = /^(?:<!-- (run|parsed|check): ([\w.-]+) -->\n)?```(\w*)\n([\s\S]*?)^```$/gm;

export function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(join(import.meta.dirname, "../../docs", page), "utf8");
  return [...text.matchAll(FENCE)].map(([all, marker, name, language, body]) => ({
    page,
    line: text.slice(0, text.indexOf(all)).split("\n").length,
    marker: (marker ?? null) as Snippet["marker"],
    name: name ?? "",
    language: language ?? "",
    text: body ?? "",
  }));
}

const ALL = PAGES.flatMap(snippetsOf);

export const marked = (marker: Snippet["marker"]): Snippet[] => ALL.filter((snippet) => snippet.marker === marker);

export function snippet(name: string): Snippet {
  const found = ALL.filter((one) => one.name === name && one.marker !== "check");
  if (found.length !== 1) throw new Error(`${found.length} snippets are called ${name}`);
  return found[0]!;
}

/** The script of the first `run: |` step of a workflow. */
export function stepScript(workflow: string): string {
  const lines = workflow.split("\n");
  const at = lines.findIndex((line) => /^\s*run: \|$/.test(line));
  const indent = /^\s*/.exec(lines[at + 1] ?? "")![0];
  const end = lines.findIndex((line, index) => index > at && line !== "" && !line.startsWith(indent));
  return lines
    .slice(at + 1, end === -1 ? undefined : end)
    .map((line) => line.slice(indent.length))
    .join("\n");
}
