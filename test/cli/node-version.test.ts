// What happens under a Node that is too old. Skipped where this machine has none.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { entry } from "../embedded/starts.ts";

const version = (node: string) => (existsSync(node) ? spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim() : "");
const old = ["/usr/bin/node", "/usr/local/bin/node"].find((node) => /^v(18|20|21|22\.([0-9]|1[0-2])\.)/.test(version(node)));

describe.skipIf(old === undefined)("under an old Node", () => {
  const run = (args: string[], environment: Record<string, string> = {}) =>
    spawnSync(old!, [entry, ...args], { encoding: "utf8", env: { ...process.env, ...environment }, timeout: 20_000 });

  it("the one that came with the packages takes over", () => {
    const { stdout, status } = run(["doctor", "--json"], {
      FARHAND_URL: "http://127.0.0.1:1",
      FARHAND_API_KEY: "none",
      XDG_DATA_HOME: "/nonexistent",
    });
    expect(status).toBe(1);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; detail: string }[] };
    expect(checks[0]).toMatchObject({ name: "node", ok: true });
    expect(checks[0]!.detail).toContain("v24.");
  });

  it("without another, one line says what to do", () => {
    const { stderr, status } = run(["status"], { FARHAND_REEXECUTED: "1" });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^farhand: Node [\d.]+ is too old: install Node 22\.13 or newer, or run `npm ci` here, which brings one\n$/);
  });
});
