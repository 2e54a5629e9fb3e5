// An upstream of services for the faults tests: streams that can be counted, silence, a flood, and a sink for bodies; it says
// which requests are open, because what a client's end must do is close them.
import { once } from "node:events";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface StreamUpstream {
  readonly port: number;
  /** Requests whose connection is open, by path. */
  open(path: string): number;
  /** Bytes of bodies that arrived at `/sink`. */
  readonly sunk: () => number;
  close(): Promise<void>;
}

const FLOOD = Buffer.alloc(64 * 1024, "flood ");
export const ROUTES = ["GET /paced", "GET /flood", "GET /silent", "POST /silent", "POST /sink", "POST /echo"];

/** What `/paced` says: numbered lines. */
export const lines = (count: number): string => Array.from({ length: count }, (_, i) => `${i}\n`).join("");

function paced(response: ServerResponse, query: URLSearchParams): void {
  const count = Number(query.get("n"));
  let sent = 0;
  response.writeHead(200, { "content-type": "text/event-stream" });
  const timer = setInterval(
    () => {
      if (sent < count) response.write(`${sent++}\n`);
      else response.end();
    },
    Number(query.get("ms")),
  );
  response.on("close", () => clearInterval(timer));
}

function flood(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/octet-stream" });
  const write = () => {
    while (!response.destroyed && response.write(FLOOD));
    response.once("drain", write);
  };
  write();
}

export async function startStreamUpstream(): Promise<StreamUpstream> {
  const open = new Map<string, number>();
  let sunk = 0;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://upstream");
    open.set(pathname, (open.get(pathname) ?? 0) + 1);
    // Also of a request whose body never ends.
    response.on("close", () => open.set(pathname, open.get(pathname)! - 1));
    request.on("error", () => {});
    if (pathname === "/paced") paced(response, searchParams);
    else if (pathname === "/flood") flood(response);
    else if (pathname === "/sink")
      request.on("data", (bytes: Buffer) => (sunk += bytes.length)).on("end", () => response.end(String(sunk)));
    else if (pathname === "/echo") request.pipe(response);
    else request.resume();
  };
  const server = http.createServer({ requestTimeout: 0, headersTimeout: 0 }, answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, open: (path) => open.get(path) ?? 0, sunk: () => sunk, close };
}

export const streamsToml = ({ port }: StreamUpstream): string =>
  `[services.up]\nkind = "http"\nurl = "http://127.0.0.1:${port}"\nroutes = ${JSON.stringify(ROUTES)}\n`;
