// Runs the CLI as a user does, against one started product.
import { spawn } from "node:child_process";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { entry } from "../embedded/starts.ts";

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly outcome: Promise<Outcome>;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
}

/** `environment` alone decides where the edge is: nothing of this machine's profile. */
export function launch(
  environment: Record<string, string>,
  args: readonly string[],
  input = "",
  node = process.execPath,
  killMs = 25_000,
): Running {
  const base = { PATH: process.env["PATH"] ?? "", HOME: environment["HOME"] ?? "/nonexistent" };
  const child = spawn(node, [entry, ...args], {
    env: { ...base, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
    cwd: environment["PWD"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (piece: Buffer) => (stdout += piece.toString()));
  child.stderr.on("data", (piece: Buffer) => (stderr += piece.toString()));
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const timer = setTimeout(() => child.kill("SIGKILL"), killMs);
  const outcome = new Promise<Outcome>((resolve) =>
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    }),
  );
  return { outcome, stdout: () => stdout, stderr: () => stderr, signal: (signal) => child.kill(signal) };
}

export const farhand = (environment: Record<string, string>, args: readonly string[], input = ""): Promise<Outcome> =>
  launch(environment, args, input).outcome;

const CUT_BYTES = 1_500;

/** A way to the edge that breaks each connection after some bytes of answers. */
export async function cuttingProxy(port: string): Promise<{ url: string; count: () => number; close: () => void }> {
  let cut = 0;
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), "127.0.0.1");
    let bytes = 0;
    const end = () => {
      near.destroy();
      far.destroy();
      open.delete(near);
    };
    open.add(near);
    for (const socket of [near, far]) socket.on("error", end).on("close", end);
    near.pipe(far);
    far.on("data", (piece: Buffer) => {
      bytes += piece.length;
      if (bytes < CUT_BYTES) near.write(piece);
      else {
        cut += 1;
        // Half of the piece arrives: mostly the middle of an event.
        near.write(piece.subarray(0, piece.length / 2), end);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    for (const socket of open) socket.destroy();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, count: () => cut, close };
}
