// A host with model servers as people have them: a real engine in Ollama's and OpenAI's shape, and LM Studio's fake, behind the
// real embedded edge and relay. And further hosts, each with an engine of its own.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Host, UsageItem } from "../../protocol/api/shapes.ts";
import type { Service } from "../../protocol/services.ts";
import { startEngine, type EngineOptions, type EngineProcess } from "../fixtures/engine.ts";
import { startFakeLmStudio, type FakeLmStudio } from "../fixtures/fake-lmstudio.ts";
import { startProduct, type Product } from "../product.ts";
import { json, until } from "./api.ts";

const ENTRY = join(import.meta.dirname, "../../cli/farhand.mjs");

export interface ModelHost {
  readonly product: Product;
  readonly engine: EngineProcess;
  readonly lmstudio: FakeLmStudio;
  /** Of OpenAI's clients. */
  readonly base: { readonly baseURL: string; readonly apiKey: string };
  readonly url: string;
  readonly key: string;
  stop(): Promise<void>;
}

const servicesToml = (engine: EngineProcess, more: string) => `
[services.ollama]
kind = "ollama"
url = "${engine.url}"
manage = true
default_model = "tiny:latest"
${more}`;

export async function startModelHost(options: EngineOptions = {}): Promise<ModelHost> {
  const [engine, lmstudio] = await Promise.all([startEngine(options), startFakeLmStudio()]);
  const lm = `[services.lms]\nkind = "lmstudio"\nurl = "${lmstudio.url}"\nmanage = true\n`;
  const product = await startProduct(`name = "alpha"\n${servicesToml(engine, lm)}`);
  const { url, api_key: key } = product.ready;
  await serviceIs(product, "alpha", "ollama", ({ healthy }) => healthy);
  const stop = async () => {
    await product.stop();
    await Promise.all([engine.stop(), lmstudio.close()]);
  };
  return { product, engine, lmstudio, base: { baseURL: `${url}/v1`, apiKey: key }, url, key, stop };
}

/** Waits until the edge's own list says it. */
export async function serviceIs(product: Product, host: string, name: string, is: (service: Service) => boolean): Promise<Service> {
  return until(`service ${name} of ${host}`, async () => {
    const { body } = await json<Host>(product, "GET", `/api/v1/hosts/${host}`);
    const service = body.capabilities?.services.find((one) => one.name === name);
    return service && is(service) ? service : null;
  });
}

/** One more host on the same edge, with an engine of its own. */
export async function addModelHost(
  product: Product,
  name: string,
  options: EngineOptions,
): Promise<{ engine: EngineProcess; stop(): Promise<void> }> {
  const engine = await startEngine(options);
  const state = join(product.dir, `state-${name}`);
  const config = join(product.dir, `${name}.toml`);
  await mkdir(state, { recursive: true });
  await writeFile(config, `name = "${name}"\nstate_dir = "${state}"\n${servicesToml(engine, "")}`);
  const made = await json<{ code: string }>(product, "POST", "/api/v1/enrollments", { host: name });
  const run = (args: readonly string[]): ChildProcess =>
    spawn(process.execPath, [ENTRY, ...args], { stdio: ["ignore", "ignore", process.env["FARHAND_LOGS"] ? "inherit" : "ignore"] });
  const [code] = (await once(run(["enroll", product.ready.url, made.body.code, "--state", state]), "close")) as [number];
  if (code !== 0) throw new Error(`enroll ended with ${code}`);
  const relay = run(["relay", "--config", config, "--edge", product.ready.url]);
  await serviceIs(product, name, "ollama", ({ healthy }) => healthy);
  const stop = async () => {
    const gone = once(relay, "close");
    relay.kill("SIGTERM");
    await gone;
    await engine.stop();
  };
  return { engine, stop };
}

/** The sums of GET /usage where the filter fits, as soon as `is` holds. */
export function usageIs(product: Product, filter: Partial<UsageItem>, is: (sum: UsageItem) => boolean): Promise<UsageItem> {
  return until("usage", async () => {
    const { body } = await json<{ items: UsageItem[] }>(product, "GET", "/api/v1/usage");
    const fitting = body.items.filter((item) => Object.entries(filter).every(([name, value]) => item[name as keyof UsageItem] === value));
    const found = fitting.find(is);
    return found ?? null;
  });
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
