// Ollama's own client, unmodified, the ingest contract and LM Studio's interface against the real edge, relay and engine.
import { Ollama } from "ollama";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { noEngine } from "../fixtures/engine.ts";
import { json, until } from "./api.ts";
import { startModelHost, usageIs, type ModelHost } from "./models-rig.ts";

const messages = [{ role: "user", content: "Say something." }];

describe.skipIf(noEngine)(`Ollama's surface (${noEngine ?? "real engine"})`, () => {
  let host: ModelHost;
  let ollama: Ollama;
  beforeAll(async () => {
    host = await startModelHost();
    ollama = new Ollama({ host: host.url, headers: { authorization: `Bearer ${host.key}` } });
  });
  afterAll(() => host.stop());
  afterEach(async () => {
    await host.engine.behave({ prefill_ms: null, token_ms: null, break_after: null });
    await host.engine.forget();
  });

  const ended = (path: string) => until(`${path} ended`, async () => (await host.engine.seen(path)).findLast(({ end }) => end !== null));
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${host.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${host.key}`, "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });

  describe("ollama", () => {
    it("lists what is there, in memory and how", async () => {
      expect((await ollama.list()).models.map(({ name }) => name)).toEqual(["tiny:latest", "tiny-embed:latest"]);
      await ollama.chat({ model: "tiny", messages, options: { num_predict: 1 } });
      expect((await ollama.ps()).models.map(({ name }) => name)).toEqual(["tiny:latest"]);
      expect((await ollama.show({ model: "tiny" })).capabilities).toEqual(["completion", "tools"]);
      expect(await ollama.version()).toEqual({ version: "0.24.0" });
    });

    it("chats and generates, streamed and whole, with the same text", async () => {
      const options = { num_predict: 60 };
      const whole = await ollama.chat({ model: "tiny", messages, options });
      let text = "";
      for await (const part of await ollama.chat({ model: "tiny", messages, options, stream: true })) text += part.message.content;
      expect(text).toBe(whole.message.content);
      expect(whole.eval_count).toBe(60);
      const generated = await ollama.generate({ model: "tiny", prompt: "Once", options });
      let streamed = "";
      for await (const part of await ollama.generate({ model: "tiny", prompt: "Once", options, stream: true })) streamed += part.response;
      expect(streamed).toBe(generated.response);
      const [seen] = await host.engine.seen("/api/chat");
      expect(JSON.parse(seen!.body)).toEqual({ model: "tiny", messages, options, stream: false });
    });

    it("calls tools and embeds", async () => {
      const tools = [
        {
          type: "function",
          function: { name: "weather", description: "", parameters: { type: "object", properties: { city: { type: "string" } } } },
        },
      ];
      const { message } = await ollama.chat({ model: "tiny", messages, tools });
      expect(message.tool_calls?.[0]?.function).toMatchObject({ name: "weather", arguments: { city: expect.any(String) as string } });
      expect((await ollama.embed({ model: "tiny-embed", input: ["a", "b"] })).embeddings.map((vector) => vector.length)).toEqual([64, 64]);
      expect((await ollama.embeddings({ model: "tiny-embed", prompt: "a" })).embedding).toHaveLength(64);
    });

    it("aborts: the engine stops", async () => {
      await host.engine.behave({ token_ms: 20 });
      const stream = await ollama.chat({ model: "tiny", messages, options: { num_predict: 10_000 }, stream: true });
      await expect(
        (async () => {
          for await (const _ of stream) stream.abort();
        })(),
      ).rejects.toThrow(/abort/i);
      expect((await ended("/api/chat")).end).toBe("aborted");
    });

    it("throws its own errors: no such model, and a stream that broke", async () => {
      await expect(ollama.chat({ model: "nope", messages })).rejects.toMatchObject({ name: "ResponseError", status_code: 404 });
      await host.engine.behave({ break_after: 2 });
      const parts: unknown[] = [];
      await expect(
        (async () => {
          for await (const part of await ollama.chat({ model: "tiny", messages, stream: true })) parts.push(part);
        })(),
      ).rejects.toThrow("The model server broke off its answer.");
      expect(parts).toHaveLength(2);
    });

    it("manages models, and the catalogue follows", async () => {
      const statuses: string[] = [];
      for await (const part of await ollama.pull({ model: "pulled", stream: true })) statuses.push(part.status);
      expect(statuses.at(-1)).toBe("success");
      await until("the pulled model is listed", async () => {
        const { body } = await json<{ data: { id: string }[] }>(host.product, "GET", "/v1/models");
        return body.data.some(({ id }) => id === "pulled:latest");
      });
      expect(await ollama.copy({ source: "pulled", destination: "copied" })).toEqual({ status: "success" });
      expect(await ollama.delete({ model: "pulled" })).toEqual({ status: "success" });
      expect(await host.engine.seen("/api/delete")).toMatchObject([{ method: "DELETE", body: JSON.stringify({ name: "pulled" }) }]);
      expect((await ollama.list()).models.map(({ name }) => name)).toContain("copied:latest");
    });

    it("is counted", async () => {
      const sum = await usageIs(host.product, { surface: "ollama", model: "tiny:latest" }, ({ aborted }) => aborted >= 2);
      expect(sum.requests).toBeGreaterThanOrEqual(6);
      expect(sum.output_tokens).toBeGreaterThanOrEqual(60 * 4);
      await usageIs(host.product, { surface: "ollama", model: "tiny-embed:latest" }, ({ requests }) => requests === 2);
    });
  });

  describe("the ingest contract", () => {
    it("answers with the default model, once", async () => {
      const answer = await post("/api/generate", { prompt: "Once", max_tokens: 7 });
      expect(answer.status).toBe(200);
      const body = (await answer.json()) as Record<string, unknown>;
      expect(body).toMatchObject({ model: "tiny:latest", done: true, eval_count: 7 });
      expect(body["text"]).toBe(body["response"]);
      const [seen] = await host.engine.seen("/api/generate");
      expect(JSON.parse(seen!.body)).toMatchObject({ model: "tiny:latest", prompt: "Once", stream: false, options: { num_predict: 7 } });
      await usageIs(host.product, { surface: "ingest" }, ({ requests, output_tokens: tokens }) => requests === 1 && tokens === 7);
    });

    it("streams where it is asked to", async () => {
      const answer = await post("/api/generate", { prompt: "Once", max_tokens: 3, stream: true });
      const lines = (await answer.text())
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { text: string; response: string; done: boolean });
      expect(lines).toHaveLength(4);
      expect(lines.every(({ text, response }) => text === response)).toBe(true);
    });
  });

  describe("LM Studio's interface", () => {
    const get = async (path: string) => (await json<Record<string, unknown>>(host.product, "GET", path)).body;

    it("lists, loads and unloads models", async () => {
      expect(await get("/lmstudio/api/v0/models")).toMatchObject({
        object: "list",
        data: [{ id: "qwen/qwen3-4b", state: "loaded" }, {}, {}],
      });
      expect((await post("/lmstudio/api/v1/models/load", { model: "gemma-3-1b", context_length: 2048 })).status).toBe(200);
      expect(await get("/lmstudio/api/v1/models")).toMatchObject({
        models: [{}, { loaded_instances: [{ config: { context_length: 2048 } }] }, {}],
      });
      expect((await post("/lmstudio/api/v1/models/unload", { instance_id: "gemma-3-1b" })).status).toBe(200);
      expect(await get("/lmstudio/api/v1/models/download/status/7")).toMatchObject({ job_id: "7" });
    });

    it("chats natively, and passes ttl and its own fields", async () => {
      const answer = await post("/lmstudio/api/v1/chat", { model: "qwen/qwen3-4b", input: "hi", stream: true });
      const text = await answer.text();
      expect(text).toContain("event: chat.end");
      const v0 = await post("/lmstudio/api/v0/chat/completions", { model: "qwen/qwen3-4b", messages, ttl: 60 });
      expect(await v0.json()).toMatchObject({ choices: [{ message: { content: "Hello from LM Studio" } }], stats: {}, runtime: {} });
      expect(host.lmstudio.requests.at(-1)?.body).toEqual({ model: "qwen/qwen3-4b", messages, ttl: 60 });
      await usageIs(host.product, { surface: "lmstudio", model: "qwen/qwen3-4b" }, ({ output_tokens: tokens }) => tokens === 8);
    });

    it("passes its error events, and answers what it does not know with our own 404", async () => {
      host.lmstudio.errorAfter = 2;
      const answer = await post("/lmstudio/api/v1/chat", { model: "qwen/qwen3-4b", input: "hi", stream: true });
      expect(await answer.text()).toContain("event: error\ndata: ");
      host.lmstudio.errorAfter = null;
      expect((await post("/lmstudio/api/v1/nothing", { model: "qwen/qwen3-4b" })).status).toBeGreaterThanOrEqual(400);
      expect((await post("/lmstudio/api/v0/chat/completions", { model: "nope", messages })).status).toBe(404);
    });

    it("is reached on OpenAI's surface by its model's name", async () => {
      const answer = await post("/v1/chat/completions", { model: "qwen/qwen3-4b", messages, stream: true });
      const text = await answer.text();
      expect(text).not.toContain('"usage"');
      expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
      await usageIs(host.product, { surface: "openai", model: "qwen/qwen3-4b" }, ({ output_tokens: tokens }) => tokens === 4);
    });
  });
});
