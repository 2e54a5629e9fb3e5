// The edge's OpenAI surface with one model that always says the same, for what `farhand chat` makes of an answer.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeSurface {
  readonly url: string;
  readonly asked: { model: string; messages: { role: string; content: string }[] }[];
  readonly close: () => void;
}

/** `cut`: breaks off before the end. `error`: what the model's server says instead of an end. */
export async function fakeModelSurface({ cut = false, error = "" } = {}): Promise<FakeSurface> {
  const asked: FakeSurface["asked"] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => (body += piece.toString()));
    request.on("end", () => {
      if (request.url === "/v1/models") {
        const farhand = { hosts: ["h1"], loaded: true, context_length: 4096, kind: "chat" };
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ object: "list", data: [{ id: "m1", object: "model", owned_by: "openai", farhand }] }));
        return;
      }
      asked.push(JSON.parse(body) as FakeSurface["asked"][number]);
      response.writeHead(200, { "content-type": "text/event-stream", "x-farhand-host": "h1" });
      const say = (chunk: object) => response.write(`data: ${JSON.stringify({ model: "m1", ...chunk })}\n\n`);
      for (const content of ["Hel", "lo \u001b[31m"]) say({ choices: [{ delta: { content } }] });
      if (error !== "") say({ error: { message: error } });
      if (cut) {
        response.write(": the last\n", () => setImmediate(() => response.destroy()));
        return;
      }
      say({ choices: [{ delta: {}, finish_reason: "stop" }], usage: { prompt_tokens: 3, completion_tokens: 2 } });
      response.end("data: [DONE]\n\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close: () => server.close() };
}
