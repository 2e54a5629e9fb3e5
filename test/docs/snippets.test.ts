// Every snippet of the pages for users is run or checked, and those that cannot run here are at least what they say they are.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../relay/config.ts";
import { pythonParses } from "./rig.ts";
import { RUN } from "./run-list.ts";
import { marked, PAGES, snippet, snippetsOf, stepScript } from "./snippets.ts";

const shellParses = (text: string) => execFileSync("bash", ["-n"], { input: text, stdio: ["pipe", "ignore", "pipe"] });

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
    ).toEqual([...RUN].sort());
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
  it.each(marked("check").map((one) => [`${one.page}:${one.line}`, one] as const))("%s is valid", async (_, { text }) => {
    const directory = mkdtempSync(join(tmpdir(), "farhand-docs-"));
    try {
      const file = join(directory, "relay.toml");
      writeFileSync(file, `name = "vm100"\n${text}`);
      expect(Object.keys((await loadConfig(file)).services).length).toBeGreaterThan(0);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
