// What the stream measurements stand on: the upstream and the client as processes of their own, the product with the upstream
// as a declared service, and the processor time and memory of the product's processes.
import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { pidOf, startProduct, type Product } from "../product.ts";
import { rssBytes } from "./measure.ts";
import type { Commands, Name, Reply } from "./stream-client.ts";
import type { UpstreamStats } from "./upstream.ts";
import type { Target } from "./wire.ts";

const MODEL = "bench";
const COMMAND_MS = 300_000;
/** Of /proc/PID/stat: Linux counts in hundredths of a second everywhere. */
const TICK_MS = 10;

export interface StreamRig {
  readonly product: Product;
  readonly upstreamUrl: string;
  readonly direct: Target;
  readonly through: Target;
  client<N extends Name>(name: N, ask: Commands[N]["ask"]): Promise<Commands[N]["answer"]>;
  stats(): Promise<UpstreamStats>;
  forget(): Promise<void>;
  stop(): Promise<void>;
}

async function startUpstream(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "upstream.ts")], { stdio: ["pipe", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) return { child, url: (JSON.parse(line) as { url: string }).url };
  throw new Error("the upstream ended before it listened");
}

function startClient(): { child: ChildProcess; command: StreamRig["client"] } {
  const child = fork(join(import.meta.dirname, "stream-client.ts"));
  const command: StreamRig["client"] = async (name, ask) => {
    child.send({ name, ask });
    const signal = AbortSignal.timeout(COMMAND_MS);
    const [reply] = (await once(child, "message", { signal })) as [Reply];
    if ("error" in reply) throw new Error(`${name}: ${reply.error}`);
    return reply.answer as Commands[typeof name]["answer"];
  };
  return { child, command };
}

/** Commands that the stream measurements run on the host, in relay.toml's words. */
export const NOISE = `
[commands.noise]
argv = [${JSON.stringify(process.execPath)}, "-e", "const t = setInterval(() => process.stdout.write('x'.repeat(49999) + '\\\\n'), 10); setTimeout(() => clearInterval(t), 60000)"]
timeout_ms = 120000
`;

export const serviceToml = (url: string) => `[services.bench]\nkind = "openai"\nurl = "${url}"\n`;

/** Resolves when the edge knows the model (`bench`, `bench@host`); the first look at an upstream takes a moment. */
export async function modelListed(product: Product, model = MODEL): Promise<void> {
  let body = "";
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(50)) {
    const answer = await product.request("GET", `/v1/models/${model}`);
    if (answer.status === 200) return;
    body = answer.body;
  }
  throw new Error(`the model ${model} was not listed: ${body.slice(0, 500)}`);
}

export async function startStreamRig(more = ""): Promise<StreamRig> {
  const upstream = await startUpstream();
  const product = await startProduct(
    `name = "bench"\nslots = 8\n[allow]\noperations = ["host.*", "command.*", "terminal.*"]\n${serviceToml(upstream.url)}${NOISE}${more}`,
  );
  const client = startClient();
  const stop = async () => {
    client.child.disconnect();
    upstream.child.kill("SIGTERM");
    await product.stop();
  };
  try {
    await modelListed(product);
  } catch (error) {
    await stop();
    throw error;
  }
  const key = product.ready.api_key;
  return {
    product,
    upstreamUrl: upstream.url,
    direct: { url: upstream.url, key, model: MODEL },
    through: { url: product.ready.url, key, model: MODEL },
    client: client.command,
    stats: async () => (await (await fetch(`${upstream.url}/stats`)).json()) as UpstreamStats,
    forget: async () => void (await fetch(`${upstream.url}/stats`, { method: "DELETE" })).body?.cancel(),
    stop,
  };
}

function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

export interface PerProcess {
  readonly workerd: number;
  readonly relay: number;
  /** The parent, with the splice in front of workerd. */
  readonly parent: number;
}

/** Seconds that the product's processes have used. */
export function cpuOf(product: Product): PerProcess {
  const seconds = (pid: number) => cpuMs(pid) / 1000;
  return {
    workerd: seconds(pidOf(product, "edge")),
    relay: seconds(pidOf(product, "relay")),
    parent: seconds(product.ready.pid),
  };
}

export const cpuSince = (after: PerProcess, before: PerProcess): PerProcess => ({
  workerd: after.workerd - before.workerd,
  relay: after.relay - before.relay,
  parent: after.parent - before.parent,
});

export function memoryOf(product: Product): PerProcess {
  const megabytes = (pid: number) => rssBytes(pid) / 1e6;
  return {
    workerd: megabytes(pidOf(product, "edge")),
    relay: megabytes(pidOf(product, "relay")),
    parent: megabytes(product.ready.pid),
  };
}

/** The largest of each over a time. */
export async function peakMemory(product: Product, ms: number): Promise<PerProcess> {
  let peak = memoryOf(product);
  for (const end = Date.now() + ms; Date.now() < end; await sleep(100)) {
    const now = memoryOf(product);
    peak = {
      workerd: Math.max(peak.workerd, now.workerd),
      relay: Math.max(peak.relay, now.relay),
      parent: Math.max(peak.parent, now.parent),
    };
  }
  return peak;
}
