// The agents' PowerShell as it stands: every rule for every file, with or without PowerShell on this machine.
import { describe, expect, it } from "vitest";
import { files, read, root } from "../conventions/sources.ts";
import { commandTable, lintCalls } from "./command-table.ts";
import { ASCII_RULE, ENTRY_RULES, FUNCTION_RULES, PARSE_RULES, type Rule, SYNTAX_RULES } from "./rules.ts";
import { parseScript, type Script } from "./syntax.ts";

const scripts = files.filter((path) => /^(test\/)?agents\/.*\.(ps1|psm1|psd1)$/.test(path)).map((path) => parseScript(path, read(path)));
const agent = scripts.filter(({ path }) => /^agents\/.*\.ps1$/.test(path));
const functions = agent.filter(({ path }) => path.includes("/functions/"));
const entries = agent.filter(({ path }) => path.endsWith("/agent.ps1"));

const broken = (some: readonly Script[], rule: Rule) =>
  some.flatMap((script) => rule.find(script).map(({ line, what }) => `${script.path}:${line} ${what}`));

describe("every script of the agents and of their tests", () => {
  it("is there", () => {
    expect(functions.length).toBeGreaterThan(100);
    expect(entries.length).toBe(1);
    expect(scripts.length).toBeGreaterThan(agent.length + 60);
  });

  it.each([...PARSE_RULES, ASCII_RULE])("$name", (rule) => {
    expect(broken(scripts, rule)).toEqual([]);
  });
});

describe("the agent", () => {
  it.each(SYNTAX_RULES)("$name", (rule) => {
    expect(broken(agent, rule)).toEqual([]);
  });

  it.each(FUNCTION_RULES)("in functions: $name", (rule) => {
    expect(broken(functions, rule)).toEqual([]);
  });

  it.each(ENTRY_RULES)("at its entry: $name", (rule) => {
    expect(broken(entries, rule)).toEqual([]);
  });

  it("calls only what there is, with the parameters and values that it has", () => {
    const table = commandTable(root);
    expect(broken(agent, { name: "calls", find: (script) => lintCalls(script, table) })).toEqual([]);
  });

  it("has no function without a test, and none that nobody calls", () => {
    const tests = files
      .filter((path) => /^test\/agents\/.*\.Tests\.ps1$/.test(path))
      .map(read)
      .join("\n");
    const uses = agent.map(({ text }) => text).join("\n");
    const names = functions.map(({ path }) => path.replaceAll(/^.*\/|\.ps1$/g, ""));
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(tests))).toEqual([]);
    expect(names.filter((name) => uses.split(name).length < 3)).toEqual([]);
  });
});
