// Four projects: plain Node tests, the Worker in workerd, and end to end (real processes; one file at a time), with programs and
// with a browser.
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { existsSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { buildWeb } from "./scripts/web-bundle.ts";

/** The Worker's assets binding (wrangler.toml) must find its directory. */
if (!existsSync("dist/web/index.html")) await buildWeb("dist/web");

/** A million hostile inputs take minutes. */
const testTimeout = process.env["FARHAND_SOAK"] === "1" ? 30 * 60_000 : 30_000;
const node = { environment: "node", testTimeout, hookTimeout: 60_000 } as const;

export default defineConfig({
  test: {
    projects: [
      { test: { ...node, name: "unit", include: ["test/{protocol,cli,conventions,scripts,embedded,agents}/**/*.test.ts"] } },
      // Mostly waiting, for guests and host agents.
      { test: { ...node, name: "relay", include: ["test/relay/**/*.test.ts"], maxWorkers: 2 } },
      { test: { ...node, name: "e2e", include: ["test/{e2e,faults,docs}/**/*.test.ts"], fileParallelism: false, testTimeout: 120_000 } },
      {
        test: {
          ...node,
          name: "web",
          include: ["test/web/**/*.test.ts"],
          globalSetup: ["./test/web/chromium-setup.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })],
        test: {
          name: "worker",
          include: ["test/worker/**/*.test.ts"],
          testTimeout: 30_000,
          globalSetup: ["./test/worker/auth/jwks-server.ts"],
        },
      },
    ],
  },
});
