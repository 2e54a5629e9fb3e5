// The certificate service of made-up Access teams, over real HTTP: `PUT /teams` says what a team's address answers from then
// on. A vitest globalSetup: it runs in Node, while the tests run in workerd. Two ports, so that there are two issuers.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Origins of the two teams. */
    accessTeams: [string, string];
  }
}

interface Script {
  status: number;
  body: string;
}

const CERTS = "/cdn-cgi/access/certs";

function team(): Server {
  let script: Script = { status: 200, body: '{"keys":[]}' };
  let fetched = 0;
  return createServer((request, response) => {
    if (request.method === "PUT") {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        script = JSON.parse(Buffer.concat(chunks).toString()) as Script;
        response.end();
      });
    } else if (request.url === "/fetched") response.end(String(fetched));
    else if (request.url === CERTS) {
      fetched += 1;
      response.writeHead(script.status, { "content-type": "application/json" }).end(script.body);
    } else response.writeHead(404).end();
  });
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = [team(), team()] as const;
  project.provide("accessTeams", [await listen(servers[0]), await listen(servers[1])]);
  return async () => {
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  };
}
