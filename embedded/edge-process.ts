// workerd as a child: how it is started, where it listens, and how it tells that it does.
import { spawn, type ChildProcess } from "node:child_process";
import { openSync, readFileSync, rmSync } from "node:fs";
import type { Readable } from "node:stream";
import { EDGE_SOCKET, type DataPaths } from "./data-directory.ts";
import { StartFailure } from "./failure.ts";
import { SEAL_KEY_VARIABLE } from "./seal-key-variable.ts";

/** `[::1]:8787` and `127.0.0.1:8787`. */
const addressOf = (host: string, port: number) => `${host.includes(":") ? `[${host}]` : host}:${port}`;
const LOOPBACK: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** How this machine reaches an edge that listens on `host`. */
export const edgeUrl = (host: string, port: number) => `http://${addressOf(LOOPBACK[host] ?? host, port)}`;

/** The kernel takes no longer path of a socket: 107 bytes on Linux, 103 elsewhere. */
const SOCKET_PATH_BYTES = 103;

/** How this process and its children reach workerd's socket. Throws a {@link StartFailure} when the path is too long for that. */
export function edgeSocket(paths: DataPaths): string {
  if (Buffer.byteLength(paths.edgeSocket) <= SOCKET_PATH_BYTES) return paths.edgeSocket;
  if (process.platform === "linux") return `/proc/${process.pid}/fd/${openSync(paths.edge, "r")}/${EDGE_SOCKET}`;
  throw new StartFailure(`the path ${paths.edgeSocket} is too long for a socket: choose a shorter one with --data DIR`, 2);
}

/** Started under its own name, in a session of its own: Ctrl-C in a terminal reaches the parent alone, which drains. */
export function spawnEdge(binary: string, paths: DataPaths, listening: () => void): ChildProcess {
  rmSync(paths.edgeSocket, { force: true }); // of one that was killed
  const child = spawn(binary, ["serve", "--control-fd=3", "config.capnp"], {
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
      const said = JSON.parse(line) as { event?: string };
      if (said.event === "listen") listening();
    }
  });
  return child;
}
