// The real product, started as a user starts it, in a directory of its own; and a keep-alive client for it. For the
// end-to-end tests and the benchmark.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { tree } from "./bench/measure.ts";

export interface Ready {
  readonly url: string;
  readonly api_key: string;
  readonly host: string;
  readonly pid: number;
}

export interface Product {
  readonly ready: Ready;
  readonly dir: string;
  readonly child: ChildProcess;
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<{ status: number; body: string }>;
  stop(): Promise<void>;
}

async function readyLine(child: ChildProcess): Promise<Ready> {
  const lines = createInterface({ input: child.stdout! });
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  try {
    for await (const line of lines) return JSON.parse(line) as Ready;
    throw new Error("the product ended before it was ready");
  } finally {
    clearTimeout(timer);
  }
}

function client(url: string, key: string) {
  const { hostname, port } = new URL(url);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const request: Product["request"] = (method, path, body, headers = {}) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? null : JSON.stringify(body);
      const content = text === null ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
      const sent = http.request(
        { hostname, port, path, method, agent, timeout: 90_000, headers: { authorization: `Bearer ${key}`, ...content, ...headers } },
        (answer) => {
          let got = "";
          answer.setEncoding("utf8");
          answer.on("data", (piece: string) => (got += piece));
          answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: got }));
          answer.on("error", reject);
        },
      );
      sent.on("timeout", () => sent.destroy(new Error("timeout")));
      sent.on("error", reject);
      sent.end(text ?? undefined);
    });
  return { request, close: () => agent.destroy() };
}

/**
 * Starts edge and relay with this relay.toml. Given `dir`, that of an earlier product, its state is found again; `stop`
 * then leaves the directory to whoever made it. `through`: a program and its arguments that become the product, such as nsenter.
 */
export async function startProduct(
  toml: string,
  options: readonly string[] = [],
  existing?: string,
  through: readonly string[] = [],
): Promise<Product> {
  const dir = existing ?? (await mkdtemp(join(tmpdir(), "farhand-product-")));
  const config = join(dir, "relay.toml");
  await writeFile(config, toml);
  const entry = join(import.meta.dirname, "../cli/farhand.mjs");
  const [program, ...before] = [...through, process.execPath];
  const child = spawn(
    program,
    [...before, entry, "start", "--json", "--port", "0", "--data", join(dir, "data"), "--config", config, ...options],
    {
      stdio: ["ignore", "pipe", process.env["FARHAND_LOGS"] ? "inherit" : "ignore"],
    },
  );
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const ready = await readyLine(child);
  const { request, close } = client(ready.url, ready.api_key);
  const stop = async () => {
    close();
    if (child.exitCode === null) child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await ended;
    clearTimeout(timer);
    if (existing) return;
    endTerminals(dir);
    await rm(dir, { recursive: true, force: true });
  };
  return { ready, dir, child, request, stop };
}

/** Terminals outlive their relay on purpose: their tmux server ends with the directory that it lives in. */
function endTerminals(dir: string): void {
  spawnSync("tmux", ["-S", join(dir, "data/relay/tmux/socket"), "kill-server"], { stdio: "ignore", timeout: 5_000 });
}

/** The running process of a part: `edge` is workerd itself, not its guard. */
export function pidOf(product: Product, part: "edge" | "relay"): number {
  const pattern = part === "edge" ? /farhand-edge serve/ : /^farhand-relay/;
  const found = tree(product.ready.pid).find(({ command }) => pattern.test(command));
  if (!found) throw new Error(`no ${part} below process ${product.ready.pid}`);
  return found.pid;
}
