// Connects to a unix socket within a time. Knows nothing of what is said over it.
import { connect, type Socket } from "node:net";
import { LibvirtError } from "./errors.ts";

export interface DialLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** The first of these sockets that takes a connection. Rejects with LibvirtError of the last. */
export async function dialFirst(paths: readonly string[], limits: DialLimits): Promise<Socket> {
  for (const path of paths.slice(0, -1)) {
    const socket = await dial(path, limits).catch(() => null);
    if (socket) return socket;
  }
  return dial(paths.at(-1)!, limits);
}

function dial(path: string, { timeoutMs, signal }: DialLimits): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const settle = (error: LibvirtError | null) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      socket.off("error", onError);
      socket.off("connect", onConnect);
      if (!error) return resolve(socket);
      socket.on("error", () => undefined);
      socket.destroy();
      reject(error);
    };
    const unreachable = (message: string, cause?: unknown) => settle(new LibvirtError("unreachable", message, { sent: false, cause }));
    const onConnect = () => settle(null);
    const onError = (cause: Error) => unreachable("no connection to libvirt's socket", cause);
    const onAbort = () => settle(new LibvirtError("cancelled", "cancelled", { sent: false }));
    const timer = setTimeout(() => unreachable(`no connection to libvirt within ${timeoutMs} ms`), timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once("connect", onConnect);
    if (signal?.aborted) onAbort();
  });
}
