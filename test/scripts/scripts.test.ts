// The build's stamp, what is generated, and the Worker that would be deployed.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { isBuilt, sourceStamp, stampFile } from "../../scripts/stamp.mjs";
import { readCompatibility } from "../../scripts/wrangler-file.ts";
import { cleanUp, root, temporary } from "../embedded/starts.ts";

afterEach(cleanUp);

const node = (...args: string[]) => spawnSync(process.execPath, args, { cwd: root, encoding: "utf8", timeout: 60_000 });

describe("the stamp", () => {
  it("holds until a source, or what it is built with, changes", () => {
    const copy = temporary();
    for (const folder of ["protocol", "worker", "relay", "embedded", "cli", "scripts", "web", "agents"]) mkdirSync(join(copy, folder));
    for (const file of ["wrangler.toml", "package-lock.json"]) cpSync(join(root, file), join(copy, file));
    writeFileSync(join(copy, "relay/main.ts"), "export {};\n");
    mkdirSync(join(copy, "dist"));
    expect(isBuilt(copy)).toBe(false);
    writeFileSync(stampFile(copy), sourceStamp(copy));
    expect(isBuilt(copy)).toBe(true);
    utimesSync(join(copy, "wrangler.toml"), 1, 1);
    expect(isBuilt(copy)).toBe(false);
    writeFileSync(stampFile(copy), sourceStamp(copy));
    writeFileSync(join(copy, "relay/main.ts"), "export {};\n\n");
    expect(isBuilt(copy)).toBe(false);
  });
});

describe("the build", () => {
  it("makes one file for the relay, with its journal's thread inside, and no namespace of node:http in any", () => {
    expect(node("scripts/build.ts").status).toBe(0);
    const relay = readFileSync(join(root, "dist/relay.mjs"), "utf8");
    expect(relay).not.toContain("__JOURNAL_THREAD__");
    for (const file of ["relay.mjs", "setup.mjs", "farhand.mjs"])
      expect(readFileSync(join(root, "dist", file), "utf8")).not.toMatch(/\bfrom ?"node:http"/);
  });
});

describe("deploy --dry-run", () => {
  it("builds with wrangler what the embedded edge runs, below 1 MiB, and says its size", () => {
    const { status, stdout } = node("scripts/deploy.ts", "--dry-run");
    expect(status).toBe(0);
    const kib = Number(/The Worker is ([\d.]+) KiB gzipped/.exec(stdout)?.[1]);
    const own = gzipSync(readFileSync(join(root, "dist/worker.mjs")), { level: 9 }).length / 1024;
    expect(kib).toBeLessThanOrEqual(1024);
    expect(Math.abs(kib - own) / own).toBeLessThan(0.15);
  });

  it("takes date and flags from wrangler.toml", () => {
    expect(readCompatibility(root)).toMatchObject({ date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) as string });
  });
});
