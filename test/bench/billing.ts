// (e) what Cloudflare would bill: requests, socket messages (20 to a request), alarms and rows, counted inside the Worker
// (counting-worker.ts) while a real relay runs jobs, and while an idle host sends a day's probes.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { LIMITS } from "../../protocol/limits.ts";
import type { Figure } from "./measure.ts";
import { newKey, SimulatedRelay } from "./simulated-relay.ts";

const KEY = `fh_${randomBytes(24).toString("hex")}`;
const JOBS = 1_000;

interface Counts {
  readonly requests: number;
  readonly object_requests: number;
  readonly messages: number;
  readonly alarms: number;
  readonly set_alarms: number;
  readonly rows_written: number;
  readonly rows_read: number;
}

async function startEdge(dir: string): Promise<{ edge: Miniflare; url: string }> {
  const outfile = join(dir, "counting-worker.mjs");
  const entryPoints = [join(import.meta.dirname, "../worker/counting-worker.ts")];
  await build({
    entryPoints,
    outfile,
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*", "node:*"],
  });
  const edge = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: await readFile(outfile, "utf8"),
      compatibilityDate: "2026-10-01",
      compatibilityFlags: ["nodejs_compat", "enable_request_signal"],
      durableObjects: { FLEET: { className: "FleetDO", useSQLite: true }, HOST: { className: "HostDO", useSQLite: true } },
      durableObjectsPersist: join(dir, "objects"),
      bindings: {
        EMBEDDED: "on",
        API_KEYS: "allow",
        ADMIN_KEY_HASH: createHash("sha256").update(KEY).digest("hex"),
        SEAL_KEY: randomBytes(32).toString("base64"),
        SURFACES: JSON.stringify({ "127.0.0.1": ["app", "api", "link"] }),
      },
      telemetry: { enabled: false },
    }),
  );
  return { edge, url: (await edge.ready).origin };
}

const api = async (url: string, method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${KEY}`, prefer: "wait=30", ...(body ? { "content-type": "application/json" } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(60_000),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
};
const countsOf = (url: string) => api(url, "GET", "/__counts") as unknown as Promise<Counts>;

const less = (after: Counts, before: Counts): Counts =>
  Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, (value as number) - before[name as keyof Counts]]),
  ) as unknown as Counts;

/** Worker and object requests, messages 20 to one, alarms. */
const billed = (counts: Counts) => counts.requests + counts.object_requests + counts.alarms + counts.messages / 20;
/** A setAlarm is billed as a row. */
const rows = (counts: Counts) => counts.rows_written + counts.set_alarms;

async function idleDay(url: string): Promise<Figure[]> {
  const { key, publicKey } = newKey();
  const { code } = await api(url, "POST", "/api/v1/enrollments", { host: "idle" });
  const { host_number: hostNumber } = await api(url, "POST", "/link/enroll", { code, public_key: publicKey });
  const up = Promise.withResolvers<void>();
  const relay = new SimulatedRelay(
    url,
    { hostNumber: hostNumber as number, key },
    () => up.resolve(),
    () => {},
  );
  relay.connect();
  await up.promise;
  // The first report of a new host is followed by one alarm for safety, 30 s later.
  await sleep(45_000);
  const before = await countsOf(url);
  const probes = (24 * 3600_000) / LIMITS.probeMs;
  for (let id = 0; id < probes; id++) relay.send(JSON.stringify({ type: "probe", id }));
  await sleep(15_000);
  const counts = less(await countsOf(url), before);
  relay.stop();
  // Reading the counts is one request of the benchmark's own, not counted by the worker.
  return [
    { name: `an idle host-day (${probes} probes): billed requests`, value: billed(counts), unit: "", goal: "≤ 15" },
    { name: "an idle host-day: rows written", value: rows(counts), unit: "", goal: "0" },
  ];
}

async function thousandJobs(url: string, dir: string): Promise<Figure[]> {
  const state = join(dir, "state");
  const config = join(dir, "relay.toml");
  await writeFile(config, `name = "billed"\nslots = 16\nstate_dir = "${state}"\n[commands.true]\nargv = ["/bin/true"]\n`);
  const { code } = await api(url, "POST", "/api/v1/enrollments", { host: "billed" });
  const entry = join(import.meta.dirname, "../../cli/farhand.mjs");
  await new Promise((resolve) =>
    spawn(process.execPath, [entry, "enroll", url, code as string, "--state", state], { stdio: "inherit" }).on("close", resolve),
  );
  const relay = spawn(process.execPath, [entry, "relay", "--config", config], { stdio: "ignore" });
  try {
    for (let tries = 0; !(await api(url, "GET", "/api/v1/hosts/billed"))["online"]; tries++) {
      if (tries > 200) throw new Error("the relay did not connect");
      await sleep(100);
    }
    await sleep(3_000);
    const before = await countsOf(url);
    for (let i = 0; i < JOBS; i++)
      await api(url, "POST", "/api/v1/hosts/billed/jobs", { operation: "command.run", resource_spec: { name: "true" } });
    await sleep(5_000);
    const counts = less(await countsOf(url), before);
    return [
      { name: `${JOBS} jobs: Worker requests`, value: counts.requests, unit: "" },
      { name: `${JOBS} jobs: object requests`, value: counts.object_requests, unit: "" },
      { name: `${JOBS} jobs: socket messages (20 are one request)`, value: counts.messages, unit: "" },
      { name: `${JOBS} jobs: alarms`, value: counts.alarms, unit: "" },
      { name: `${JOBS} jobs: billed requests in all`, value: billed(counts), unit: "" },
      { name: `${JOBS} jobs: rows written (alarms set included)`, value: rows(counts), unit: "" },
      { name: `${JOBS} jobs: rows read`, value: counts.rows_read, unit: "" },
    ];
  } finally {
    relay.kill("SIGTERM");
  }
}

export async function billingFigures(): Promise<Figure[]> {
  const dir = await mkdtemp(join(tmpdir(), "farhand-billing-"));
  const { edge, url } = await startEdge(dir);
  try {
    return [...(await idleDay(url)), ...(await thousandJobs(url, dir))];
  } finally {
    await edge.dispose();
    await rm(dir, { recursive: true, force: true });
  }
}
