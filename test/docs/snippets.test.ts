// Every snippet of the pages for users is run or checked, and those that cannot run here are at least what they say they are.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkSpec } from "../../protocol/operations/define.ts";
import { findOperation } from "../../protocol/operations/index.ts";
import { vmCreate, vmUpdate } from "../../protocol/operations/vm.ts";
import { vmData } from "../../protocol/operations/vm-view.ts";
import { loadConfig } from "../../relay/config.ts";
import { powershellErrors, pythonParses } from "./rig.ts";
import { RUN, RUN_VMS } from "./run-list.ts";
import { marked, PAGES, snippet, snippetsOf, stepScript } from "./snippets.ts";

const shellParses = (text: string) => execFileSync("bash", ["-n"], { input: text, stdio: ["pipe", "ignore", "pipe"] });

/** Brackets of HCL that are left open, without what stands in strings and comments. */
function unclosed(text: string): string[] {
  const open: string[] = [];
  const pairs: Readonly<Record<string, string>> = { "}": "{", "]": "[", ")": "(" };
  for (const [sign] of text.replaceAll(/"(?:[^"\\]|\\.)*"|#.*/g, "").matchAll(/[[\](){}]/g)) {
    if (pairs[sign] === undefined) open.push(sign);
    else if (open.pop() !== pairs[sign]) open.push(sign);
  }
  return open;
}

describe("the snippets", () => {
  it("all carry a marker", () => {
    const bare = PAGES.flatMap(snippetsOf).filter(({ marker }) => marker === null);
    expect(bare.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  });

  it("that are marked as run are all run by a test", () => {
    expect(
      marked("run")
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...RUN, ...RUN_VMS].sort());
  });

  it("have each a name of their own", () => {
    const names = [...marked("run"), ...marked("parsed")].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("what cannot run here", () => {
  it.each(marked("parsed").map((one) => [one.name, one] as const))("%s can be read", (_, { language, text }) => {
    if (language === "sh") shellParses(text);
    else if (language === "python") expect(pythonParses(text)).not.toBe(false);
    else if (language === "powershell") expect(powershellErrors(text) ?? []).toEqual([]);
    else if (language === "hcl") expect(unclosed(text)).toEqual([]);
    else expect(text).toMatch(/^name: /);
  });

  it("of YAML has no tab, an even indent and no key twice on a level", () => {
    for (const { text } of [snippet("continue"), snippet("github-actions")]) {
      expect(text).not.toContain("\t");
      for (const line of text.split("\n")) expect(/^ */.exec(line)![0].length % 2, line).toBe(0);
    }
    const top = snippet("github-actions").text.match(/^\w+:/gm);
    expect(top).toEqual(["name:", "on:", "jobs:"]);
    shellParses(stepScript(snippet("github-actions").text));
  });
});

describe("pieces of relay.toml", () => {
  const pieces = marked("check").filter(({ name }) => name === "toml");
  it.each(pieces.map((one) => [`${one.page}:${one.line}`, one] as const))("%s is valid", async (_, { text }) => {
    const directory = mkdtempSync(join(tmpdir(), "farhand-docs-"));
    try {
      const file = join(directory, "relay.toml");
      writeFileSync(file, `name = "vm100"\n${text}`);
      const { services, libvirt, hyperv } = await loadConfig(file);
      expect(Object.keys(services).length > 0 || libvirt !== null || hyperv !== null).toBe(true);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe("specifications", () => {
  const specifications = marked("check").filter(({ name }) => name !== "toml");
  it.each(specifications.map((one) => [`${one.page}:${one.line}`, one] as const))("%s is valid", (_, { name, text }) => {
    expect(checkSpec(findOperation(name)!, JSON.parse(text), "").errors).toEqual([]);
  });
});

describe("the recipe for Terraform", () => {
  const { text } = snippet("terraform");
  /** The argument of the first `jsonencode` or map of that name, as far as HCL and JSON are alike. */
  const fieldsOf = (map: string) => [...map.matchAll(/^\s+(\w+)\s*=/gm)].map(([, name]) => name);
  const settings = fieldsOf(/^ {2}web = \{\n([\s\S]*?)^ {2}\}/m.exec(text)![1]!);
  const made = fieldsOf(/merge\(local\.web, \{\n([\s\S]*?)^ {2}\}\)\)/m.exec(text)![1]!);

  it("updates with fields of vm.update alone, and creates with fields of vm.create", () => {
    expect(settings.length).toBeGreaterThan(2);
    expect(Object.keys(vmUpdate.spec.shape)).toEqual(expect.arrayContaining(settings));
    expect(Object.keys(vmCreate.spec.shape)).toEqual(expect.arrayContaining([...settings, ...made]));
  });

  it("reads every field that it compares", () => {
    const ignored = /ignore_changes_to\s*=\s*\[(.*)\]/
      .exec(text)![1]!
      .split(",")
      .map((name) => JSON.parse(name) as string);
    const compared = [...settings, ...made].filter((name) => !ignored.includes(name!));
    expect(Object.keys(vmData.shape)).toEqual(expect.arrayContaining(compared));
  });
});
