// workerd as a child: how it is started, and how it tells where it listens.
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import type { DataPaths } from "./data-directory.ts";
import { SEAL_KEY_VARIABLE } from "./seal-key-variable.ts";

/** `[::1]:8787` and `127.0.0.1:8787`. */
const addressOf = (host: string, port: number) => `${host.includes(":") ? `[${host}]` : host}:${port}`;
const LOOPBACK: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** How this machine reaches an edge that listens on `host`. */
export const edgeUrl = (host: string, port: number) => `http://${addressOf(LOOPBACK[host] ?? host, port)}`;

/** Started under its own name, in a session of its own: Ctrl-C in a terminal reaches the parent alone, which drains. */
export function spawnEdge(binary: string, paths: DataPaths, host: string, port: number, listening: (port: number) => void): ChildProcess {
  const child = spawn(binary, ["serve", "--control-fd=3", `--socket-addr=http=${addressOf(host, port)}`, "config.capnp"], {
    cwd: paths.edge,
    detached: true,
    stdio: ["ignore", 2, 2, "pipe"],
    env: { [SEAL_KEY_VARIABLE]: readFileSync(paths.sealKey, "utf8").trim(), TZ: "UTC" },
  });
  let text = "";
  const control = child.stdio[3] as Readable | null;
  control?.on("error", () => {});
  control?.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const said = JSON.parse(line) as { event?: string; port?: number };
      if (said.event === "listen" && said.port !== undefined) listening(said.port);
    }
  });
  return child;
}
