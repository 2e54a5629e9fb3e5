// Who may import whom, how long files are, what they are called, how they begin (DESIGN 3).
import { describe, expect, it } from "vitest";
import { files, importsOf, read, sources } from "./sources.ts";

const folder = (path: string) => path.split("/")[0]!;

/** The folders that a folder may import from; of cli and embedded only through entry points. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  protocol: ["protocol"],
  worker: ["worker", "protocol"],
  relay: ["relay", "agents", "protocol"],
  agents: ["agents"],
  embedded: ["embedded", "relay", "protocol"],
  cli: ["cli", "embedded", "relay", "protocol"],
  scripts: ["scripts", "agents", "protocol"],
  web: ["web", "protocol"],
};

describe("imports", () => {
  it.each(Object.keys(MAY_IMPORT))("of %s stay within their layer", (name) => {
    const wrong = sources
      .filter((path) => folder(path) === name)
      .flatMap((path) =>
        importsOf(path)
          .filter((target) => Object.hasOwn(MAY_IMPORT, folder(target)) && !MAY_IMPORT[name]!.includes(folder(target)))
          .map((target) => `${path} → ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it("protocol imports nothing but zod and itself", () => {
    const outside = sources
      .filter((path) => folder(path) === "protocol")
      .flatMap((path) => importsOf(path).filter((target) => folder(target) !== "protocol" && target !== "zod"));
    expect(outside).toEqual([]);
  });

  it("drivers know neither the link nor one another", () => {
    /** What drivers of hypervisors have in common; itself no driver. */
    const SHARED = "relay/drivers/virtual";
    const wrong = sources
      .filter((path) => /^relay\/drivers\/[^/]+\//.test(path))
      .flatMap((path) => {
        const own = path.split("/").slice(0, 3).join("/");
        return importsOf(path)
          .filter(
            (target) =>
              target.startsWith("relay/link/") ||
              (/^relay\/drivers\/[^/]+\//.test(target) && ![own, SHARED].some((folder) => target.startsWith(`${folder}/`))),
          )
          .map((target) => `${path} → ${target}`);
      });
    expect(wrong).toEqual([]);
  });

  it("only relay/exec.ts spawns a process of the relay", () => {
    const spawners = sources.filter((path) => folder(path) === "relay" && importsOf(path).includes("node:child_process"));
    expect(spawners).toEqual(["relay/exec.ts"]);
  });

  it("nothing builds a shell string", () => {
    const shell = /\bexecSync\(|\bexec\(\s*[`"']|shell:\s*true/;
    expect(sources.filter((path) => shell.test(read(path).replaceAll(/sql\.exec\(|\.exec\(/g, "")))).toEqual([]);
  });
});

describe("files", () => {
  it("are at most 300 lines, tests 500, comments and blanks apart", () => {
    const code = (path: string) =>
      read(path)
        .split("\n")
        .filter((line) => line.trim() && !/^\s*(\/\/|\*|\/\*)/.test(line)).length;
    const long = [
      ...sources.filter((path) => code(path) > 300),
      ...files.filter((path) => /^test\/.*\.ts$/.test(path) && code(path) > 500),
    ];
    expect(long).toEqual([]);
  });

  it("say in their first line what they own", () => {
    const silent = sources.filter((path) => !/^(#!.*\n)?\/\/ \S|^(#!.*\n)?\/\*\* ?\S/.test(read(path)));
    expect(silent).toEqual([]);
  });

  it("are not called utils, helpers or common", () => {
    expect(files.filter((path) => /(^|\/)(utils?|helpers?|common|misc)(\.|\/|$)/i.test(path))).toEqual([]);
  });

  it("name no tool of a workplace and no folder outside the repository", () => {
    const stray = files.filter(
      (path) =>
        /\.(ts|mjs|md|json|toml|sh|ps1)$/.test(path) && path !== "package-lock.json" && path !== "test/conventions/structure.test.ts",
    );
    expect(stray.filter((path) => /\/work\/|\.\.\/shared/.test(read(path)))).toEqual([]);
  });
});
