// `npm run deploy`: builds the web app, and the Worker with wrangler, and deploys them. `-- --dry-run` builds alone, without an account.
// Refuses a Worker above 1 MiB gzipped. Other arguments go to wrangler.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildWeb } from "./web-bundle.ts";

const LIMIT_BYTES = 1024 * 1024;
const BUILD_MS = 120_000;
const root = join(import.meta.dirname, "..");
const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");

function run(args: readonly string[], timeout?: number): void {
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false" };
  const { status } = spawnSync(process.execPath, [wrangler, "deploy", ...args], {
    cwd: root,
    stdio: "inherit",
    env,
    ...(timeout ? { timeout } : {}),
  });
  if (status !== 0) throw new Error("wrangler failed; its messages are above");
}

/** Builds as Cloudflare will get it, and measures that. */
function measure(): number {
  const outdir = mkdtempSync(join(tmpdir(), "farhand-deploy-"));
  try {
    run(["--dry-run", "--minify", "--outdir", outdir], BUILD_MS);
    return gzipSync(readFileSync(join(outdir, "index.js")), { level: 9 }).length;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

try {
  await buildWeb(join(root, "dist/web"));
  const bytes = measure();
  process.stdout.write(`The Worker is ${(bytes / 1024).toFixed(1)} KiB gzipped (at most 1024).\n`);
  if (bytes > LIMIT_BYTES) throw new Error("the Worker is larger than 1 MiB gzipped: it is not deployed");
  const args = process.argv.slice(2);
  if (!args.includes("--dry-run")) run(["--minify", ...args]);
} catch (error) {
  process.stderr.write(`deploy: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
