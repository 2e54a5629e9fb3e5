// (l) a key in a terminal: from the key to its echo, through ticket, WebSocket, edge, lane, relay and a real tmux; beside the same
// tmux in control mode, as a local program would hold it.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { median, quantile, type Figure } from "./measure.ts";
import type { Product } from "../product.ts";

const KEYS = "abcdefghijklmnoprstuvwxyz";
const LINES = 12;
const ECHO_MS = 5_000;

interface Terminal {
  type(text: string): void;
  /** Called with everything that is shown. */
  onShown: (text: string) => void;
  close(): void;
}

function shown(terminal: Terminal, wanted: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${JSON.stringify(wanted)} was not echoed`)), ECHO_MS);
    terminal.onShown = (text) => {
      if (!text.includes(wanted)) return;
      clearTimeout(timer);
      resolve();
    };
  });
}

/** Types at a `cat`: the terminal alone echoes. */
async function echoTimes(terminal: Terminal): Promise<number[]> {
  const started = shown(terminal, "ready-1");
  terminal.type("stty -echo; echo ready-$((0+1)); stty echo; exec cat\r");
  await started;
  await new Promise((resolve) => setTimeout(resolve, 300));
  const times: number[] = [];
  for (let line = 0; line < LINES; line++) {
    for (const key of KEYS) {
      const begun = performance.now();
      const echoed = shown(terminal, key);
      terminal.type(key);
      await echoed;
      times.push(performance.now() - begun);
    }
    terminal.type("\r");
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return times;
}

async function throughFarhand(product: Product): Promise<Terminal> {
  const made = await product.request("POST", `/api/v1/hosts/${product.ready.host}/terminals`, { columns: 100, rows: 30 });
  if (made.status !== 201) throw new Error(`no ticket: ${made.status} ${made.body}`);
  const { url } = JSON.parse(made.body) as { url: string };
  const socket = new WebSocket(product.ready.url.replace(/^http/, "ws") + url, {
    perMessageDeflate: false,
    headers: { authorization: `Bearer ${product.ready.api_key}` },
  });
  await once(socket, "open");
  const terminal: Terminal = { type: (text) => socket.send(Buffer.from(text)), onShown: () => {}, close: () => socket.terminate() };
  let writer = false;
  const isWriter = Promise.withResolvers<void>();
  socket.on("message", (data, isBinary) => {
    if (isBinary) return terminal.onShown((data as Buffer).toString("latin1"));
    writer ||= (JSON.parse((data as Buffer).toString()) as { writer?: boolean }).writer === true;
    if (writer) isWriter.resolve();
  });
  socket.on("close", () => isWriter.reject(new Error("the terminal closed")));
  await isWriter.promise;
  return terminal;
}

/** tmux in control mode, driven by this process. */
function local(): Terminal {
  const dir = mkdtempSync(join(tmpdir(), "farhand-tmux-"));
  const socket = join(dir, "s");
  const child = spawn("tmux", ["-S", socket, "-f", "/dev/null", "-C", "new-session", "-x", "100", "-y", "30", "sh"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const terminal: Terminal = {
    type: (text) => child.stdin.write(`send-keys -H ${[...Buffer.from(text)].map((byte) => byte.toString(16)).join(" ")}\n`),
    onShown: () => {},
    close: () => {
      spawnSync("tmux", ["-S", socket, "kill-server"]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  child.stdout.on("data", (bytes: Buffer) => {
    for (const line of bytes.toString("latin1").split("\n"))
      if (line.startsWith("%output ")) terminal.onShown(line.slice(8).replace(/^\S+ /, ""));
  });
  return terminal;
}

export async function echoFigures(product: Product): Promise<Figure[]> {
  const plain = local();
  const terminal = await throughFarhand(product).catch((error: unknown) => {
    plain.close();
    throw error;
  });
  try {
    const [direct, mine] = [await echoTimes(plain), await echoTimes(terminal)];
    const figure = (name: string, q: number): Figure => ({
      name,
      value: quantile(mine, q),
      unit: "ms",
      against: { name: `tmux -C (${quantile(direct, q).toFixed(2)} ms)`, ratio: quantile(mine, q) / quantile(direct, q) },
    });
    return [
      figure(`a key's echo, p50 of ${mine.length}`, 0.5),
      figure("a key's echo, p99", 0.99),
      { name: "a key's echo, added, p50", value: median(mine) - median(direct), unit: "ms" },
    ];
  } finally {
    terminal.close();
    plain.close();
    // What runs in a terminal outlives its relay.
    spawnSync("tmux", ["-S", join(product.dir, "data/relay/tmux/socket"), "kill-server"]);
  }
}
