// An embedded edge without a relay, and relays as processes of their own behind a faulty link.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { json, until } from "../e2e/api.ts";
import type { Point } from "../../relay/jobs/job.ts";
import { startProduct, type Product } from "../product.ts";
import { LinkProxy } from "./link-proxy.ts";

const ENTRY = join(import.meta.dirname, "../../cli/farhand.mjs");
const CHILD = join(import.meta.dirname, "../relay/jobs/relay-child.ts");

export interface Rig {
  /** The edge; `ready.host` is this rig's host, so that the functions of test/e2e/api.ts work on it. */
  readonly product: Product;
  readonly proxy: LinkProxy;
  readonly state: string;
  readonly config: string;
  readonly logs: string[];
  relay: ChildProcess;
  /** Ends the relay with this signal and waits until it is gone. */
  endRelay(signal: NodeJS.Signals): Promise<void>;
  startRelay(env?: Record<string, string>): void;
  /** The same relay from its sources, with a point at which it kills or stops itself (test/relay/jobs/relay-child.ts). */
  startChild(at: Point | "-", how?: "kill" | "stop", env?: Record<string, string>): void;
  online(isOnline: boolean): Promise<void>;
  stop(): Promise<void>;
}

async function run(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [ENTRY, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`farhand ${args[0]} ended with ${code}`);
}

function relayToml(name: string, state: string, edge: string, more: string, top: string): string {
  return `name = "${name}"\n${top}\nslots = 8\nstate_dir = "${state}"\n[allow]\noperations = ["host.*", "command.*"]\n[edge]\nurl = "${edge}"\n[command]\nexec = true\n${more}`;
}

/** One more host on this edge, with its relay behind a proxy of its own. `more`: tables of its file; `top`: what stands before them. */
export async function addHost(edge: Product, name: string, more = "", top = ""): Promise<Rig> {
  const proxy = new LinkProxy(edge.ready.url);
  const proxyUrl = await proxy.listen();
  const state = join(edge.dir, `state-${name}`);
  await mkdir(state, { recursive: true });
  const config = join(edge.dir, `${name}.toml`);
  await writeFile(config, relayToml(name, state, proxyUrl, more, top));
  const made = await json<{ code: string }>(edge, "POST", "/api/v1/enrollments", { host: name });
  await run(["enroll", edge.ready.url, made.body.code, "--state", state]);
  const product: Product = { ...edge, ready: { ...edge.ready, host: name } };
  const logs: string[] = [];
  const start = (argv: readonly string[], env: Record<string, string>) => {
    rig.relay = spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, ...env } });
    rig.relay.stderr!.setEncoding("utf8").on("data", (text: string) => logs.push(text));
  };
  const startRelay: Rig["startRelay"] = (env = {}) => start([ENTRY, "relay", "--config", config], env);
  const startChild: Rig["startChild"] = (at, how = "kill", env = {}) => start([CHILD, state, config, at, how], env);
  const endRelay = async (signal: NodeJS.Signals) => {
    if (rig.relay.exitCode !== null || rig.relay.signalCode !== null) return;
    const gone = once(rig.relay, "close");
    rig.relay.kill(signal);
    await gone;
  };
  const online = async (isOnline: boolean) => {
    await until(
      `${name} ${isOnline ? "online" : "offline"}`,
      async () => (await json<{ online: boolean }>(product, "GET", `/api/v1/hosts/${name}`)).body.online === isOnline,
      40_000,
    );
  };
  const stop = async () => {
    await endRelay("SIGKILL");
    await proxy.close();
  };
  const rig: Rig = { product, proxy, state, config, logs, relay: null!, endRelay, startRelay, startChild, online, stop };
  startRelay();
  await online(true);
  return rig;
}

/** The embedded edge alone. */
export const startEdge = (): Promise<Product> => startProduct("", ["--no-relay"]);
