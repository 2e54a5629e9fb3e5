// Whether the edge could listen where it is told to, asked before anything is started, so that the answer is one line.
import { createServer } from "node:net";
import { refusal, StartFailure } from "./failure.ts";

const REMEDIES: Record<string, string> = {
  EADDRINUSE: "is in use: choose another with --port PORT (0 lets the system choose), or stop what listens there",
  EACCES: "may not be used by this user: choose a port above 1023 with --port PORT",
  EADDRNOTAVAIL: "is not an address of this machine: give one of its own with --host ADDRESS",
  ENOTFOUND: "is not a name that this machine knows: give an address with --host ADDRESS",
};

export function checkPort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      const about = error.code === "EADDRINUSE" || error.code === "EACCES" ? `port ${port}` : host;
      reject(new StartFailure(`${about} ${REMEDIES[error.code ?? ""] ?? `cannot be listened on (${refusal(error)})`}`, 2));
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}
