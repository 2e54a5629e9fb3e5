// The real product, started as a user starts it, in a directory of its own; and a keep-alive client for it.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface Ready {
  readonly url: string;
  readonly api_key: string;
  readonly host: string;
  readonly pid: number;
}

export interface Product {
  readonly ready: Ready;
  readonly dir: string;
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<{ status: number; body: string }>;
  stop(): Promise<void>;
}

const CONFIG = `name = "bench"
slots = 32
[allow]
operations = ["host.*", "command.*"]
[commands.true]
argv = ["/bin/true"]
[commands.hostname]
argv = ["hostname"]
[command]
exec = true
`;

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
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64, noDelay: true });
  const request: Product["request"] = (method, path, body, headers = {}) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? null : JSON.stringify(body);
      const content = text === null ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
      const sent = http.request({ hostname, port, path, method, agent, timeout: 90_000, headers: { authorization: `Bearer ${key}`, ...content, ...headers } }, (answer) => {
        let got = "";
        answer.setEncoding("utf8");
        answer.on("data", (piece: string) => (got += piece));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: got }));
        answer.on("error", reject);
      });
      sent.on("timeout", () => sent.destroy(new Error("timeout")));
      sent.on("error", reject);
      sent.end(text ?? undefined);
    });
  return { request, close: () => agent.destroy() };
}

export async function startProduct(options: readonly string[] = []): Promise<Product> {
  const dir = await mkdtemp(join(tmpdir(), "farhand-bench-"));
  const config = join(dir, "relay.toml");
  await writeFile(config, CONFIG);
  const entry = join(import.meta.dirname, "../../cli/farhand.mjs");
  const child = spawn(process.execPath, [entry, "start", "--json", "--port", "0", "--data", join(dir, "data"), "--config", config, ...options], {
    stdio: ["ignore", "pipe", process.env["BENCH_LOGS"] ? "inherit" : "ignore"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const ready = await readyLine(child);
  const { request, close } = client(ready.url, ready.api_key);
  const stop = async () => {
    close();
    process.kill(ready.pid, "SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await ended;
    clearTimeout(timer);
    await rm(dir, { recursive: true, force: true });
  };
  return { ready, dir, request, stop };
}
