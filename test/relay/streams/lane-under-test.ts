// A relay in this process with lanes on a scripted edge, and an upstream whose answers a test writes.
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { RelayOptions } from "../../../relay/main.ts";
import { relayUnderTest, type UnderTest } from "../link/relay-under-test.ts";
import { ScriptedLanes } from "./scripted-lanes.ts";

export interface Upstream {
  readonly server: Server;
  readonly url: string;
  /** Requests whose head has arrived. */
  readonly requests: IncomingMessage[];
  readonly sockets: Set<Socket>;
  end(): Promise<void>;
}

/** `listen`: a port of the kernel's choice, or the path of a unix socket. */
export async function upstream(answer: RequestListener, listen: string | number = 0): Promise<Upstream> {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    requests.push(request);
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    answer(request, response);
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) =>
    typeof listen === "string" ? server.listen(listen, resolve) : server.listen(listen, "127.0.0.1", resolve),
  );
  const address = server.address();
  return {
    server,
    url: typeof address === "string" ? "" : `http://127.0.0.1:${(address as AddressInfo).port}`,
    requests,
    sockets,
    async end() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface LaneUnderTest extends UnderTest {
  readonly lanes: ScriptedLanes;
}

/** Up on lane 1. */
export async function laneUnderTest(toml: string, options: Partial<RelayOptions> = {}): Promise<LaneUnderTest> {
  const lanes = new ScriptedLanes({ acks: true });
  const test = await relayUnderTest(toml, options, { lane: lanes.lane });
  if (/^\[services/m.test(toml)) await lanes.up();
  return Object.assign(test, { lanes });
}

export const serviceToml = (url: string, routes: readonly string[] = ["GET /**", "POST /**", "HEAD /**", "PUT /**", "WS /**"]): string =>
  `[services.web]\nkind = "http"\nurl = "${url}"\nroutes = ${JSON.stringify(routes)}\n`;
