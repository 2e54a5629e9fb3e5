// Why an address cannot be listened on, in one line with the remedy.
import { refusal, StartFailure } from "./failure.ts";

const REMEDIES: Record<string, string> = {
  EADDRINUSE: "is in use: choose another with --port PORT (0 lets the system choose), or stop what listens there",
  EACCES: "may not be used by this user: choose a port above 1023 with --port PORT",
  EADDRNOTAVAIL: "is not an address of this machine: give one of its own with --host ADDRESS",
  ENOTFOUND: "is not a name that this machine knows: give an address with --host ADDRESS",
};

export function listenFailure(error: NodeJS.ErrnoException, host: string, port: number): StartFailure {
  const about = error.code === "EADDRINUSE" || error.code === "EACCES" ? `port ${port}` : host;
  return new StartFailure(`${about} ${REMEDIES[error.code ?? ""] ?? `cannot be listened on (${refusal(error)})`}`, 2);
}
