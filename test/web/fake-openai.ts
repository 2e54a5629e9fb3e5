// A model server whose answers a test decides: real ones say what they like, and never in Markdown on demand.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Script {
  /** Pieces of the answer, in order. */
  readonly pieces: readonly string[];
  readonly pauseMs: number;
  /** How it ends: as it should, in the middle, or not at all. */
  readonly end: "done" | "cut" | "hang";
  /** Instead of an answer. */
  readonly refuse?: { readonly status: number; readonly message: string };
}

export interface FakeOpenAi {
  readonly url: string;
  /** Of the next requests. */
  script: Script;
  /** Bodies that came. */
  readonly asked: { messages: { role: string; content: string }[]; model: string }[];
  /** Clients that went away in the middle of an answer. */
  aborted: number;
  close(): Promise<void>;
}

const MODELS = {
  object: "list",
  data: ["scripted-8b", "scripted-70b"].map((id) => ({ id, object: "model", created: 1, owned_by: "test" })),
};
const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "scripted-8b", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return text;
}

async function answer({ pieces, pauseMs, end }: Script, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  for (const piece of pieces) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    if (response.destroyed) return;
    response.write(chunk({ content: piece }));
  }
  if (end === "hang") return;
  if (end === "cut") return void response.end();
  response.write(chunk({}, "stop"));
  response.write(
    `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 5, completion_tokens: pieces.length, total_tokens: 5 + pieces.length } })}\n\n`,
  );
  response.end("data: [DONE]\n\n");
}

export async function startFakeOpenAi(): Promise<FakeOpenAi> {
  const server = createServer((request, response) => void serve(request, response));
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const json = (status: number, value: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (request.url === "/health") return json(200, { status: "ok" });
    if (request.url === "/v1/models") return json(200, MODELS);
    if (request.url !== "/v1/chat/completions") return json(404, { error: { message: "no such route" } });
    fake.asked.push(JSON.parse(await bodyOf(request)) as FakeOpenAi["asked"][number]);
    response.on("close", () => {
      if (!response.writableEnded) fake.aborted += 1;
    });
    const { refuse } = fake.script;
    if (refuse) return json(refuse.status, { error: { message: refuse.message, type: "server_error" } });
    return answer(fake.script, response);
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const fake: FakeOpenAi = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    script: { pieces: ["Hello", " there."], pauseMs: 5, end: "done" },
    asked: [],
    aborted: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
}
