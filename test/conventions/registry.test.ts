// Every route is ruled, every error has cause and remedy and is used, every operation has a handler's test, docs links hold.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROUTES } from "../../protocol/api/routes.ts";
import { ERRORS } from "../../protocol/errors.ts";
import { OPERATIONS } from "../../protocol/operations/index.ts";
import { files, read, root, sources } from "./sources.ts";

const PUBLIC = ["healthz", "link", "linkEnroll", "sessionCreate", "signInPage", "signInScript"];

describe("routes", () => {
  const routes = Object.entries(ROUTES);

  it("are public only where the interface says so", () => {
    expect(
      routes
        .filter(([, route]) => route.rule.who === "public")
        .map(([name]) => name)
        .sort(),
    ).toEqual(PUBLIC);
  });

  it.each(routes)("%s states a rule, its surfaces and what it answers", (_name, route) => {
    expect(["public", "authenticated", "fleet", "host", "operation", "use", "service", "job"]).toContain(route.rule.who);
    expect(route.surfaces.length).toBeGreaterThan(0);
    expect(Object.keys(route.answers).length).toBeGreaterThan(0);
    const namesHost = ["host", "operation", "service"].includes(route.rule.who);
    if (route.rule.who !== "use") expect(route.path.includes("{host}")).toBe(namesHost);
    expect(route.path.includes("{id}")).toBe(route.rule.who === "job");
  });

  it("that change something are no GET, and the others are", () => {
    for (const [, route] of routes) expect(route.changes).toBe(!["GET", "HEAD"].includes(route.method));
  });

  it("do not stand twice", () => {
    const seen = routes.map(([, route]) => `${route.method} ${route.path}`);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe("errors", () => {
  const text = sources
    .filter((path) => path !== "protocol/errors.ts")
    .map(read)
    .join("\n");

  it.each(Object.entries(ERRORS))("%s has a status, a cause and a remedy", (code, entry) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)+$|^FORBIDDEN$|^INTERNAL$/);
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.message).toMatch(/^([A-Z]|tmux ).*\.$/s);
    expect(entry.remedy).toMatch(/^[A-Z`].*\.$/s);
  });

  it("are all used", () => {
    expect(Object.keys(ERRORS).filter((code) => !text.includes(`"${code}"`))).toEqual([]);
  });
});

describe("operations", () => {
  const tests = files
    .filter((path) => path.startsWith("test/relay/drivers/"))
    .map(read)
    .join("\n");
  it.each(Object.keys(OPERATIONS))("%s has a test of its handler", (name) => {
    expect(tests).toContain(name);
  });
});

describe("documents", () => {
  const documents = files.filter((path) => path.endsWith(".md"));

  it.each(documents)("%s links to what exists", (path) => {
    const links = [
      ...read(path)
        .replaceAll(/`[^`\n]*`/g, "code")
        .matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g),
    ]
      .map(([, target]) => target!)
      .filter((target) => !/^[a-z]+:/.test(target));
    expect(links.filter((target) => !existsSync(join(root, dirname(path), target)))).toEqual([]);
  });

  it("are the set that a reader expects", () => {
    for (const name of ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE"])
      expect(files).toContain(name);
    expect(read("CHANGELOG.md")).toContain("## Unreleased");
    expect(read("README.md").split("\n").length).toBeLessThan(90);
  });
});

describe("the lockfile", () => {
  const lock = JSON.parse(read("package-lock.json")) as {
    packages: Record<string, { version?: string; hasInstallScript?: boolean; optional?: boolean }>;
  };

  it("holds one workerd", () => {
    const versions = Object.entries(lock.packages).filter(([path]) => /(^|\/)node_modules\/workerd$/.test(path));
    expect(versions.length).toBe(1);
  });

  it("goes with exact versions only", () => {
    const manifest = JSON.parse(read("package.json")) as Record<string, Record<string, string>>;
    const all = ["dependencies", "devDependencies", "optionalDependencies"].flatMap((kind) => Object.entries(manifest[kind] ?? {}));
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });
});
