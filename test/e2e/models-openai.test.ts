// OpenAI's own clients, unmodified, against the real edge, relay and engine: `openai`, `ai` with `@ai-sdk/openai-compatible`, `@langchain/openai`.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { HumanMessage } from "@langchain/core/messages";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { APICallError, embedMany, generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
import OpenAI, { APIError, AuthenticationError, NotFoundError } from "openai";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { noEngine } from "../fixtures/engine.ts";
import type { UsageItem } from "../../protocol/api/shapes.ts";
import { json, until } from "./api.ts";
import { all, startModelHost, usageIs, type ModelHost } from "./models-rig.ts";

const CHAT = "/v1/chat/completions";
const ask = { model: "tiny", messages: [{ role: "user" as const, content: "Say something." }] };
const WEATHER = { type: "object", properties: { city: { type: "string" }, days: { type: "integer" } }, required: ["city"] } as const;

describe.skipIf(noEngine)(`OpenAI's clients (${noEngine ?? "real engine"})`, () => {
  let host: ModelHost;
  let openai: OpenAI;
  beforeAll(async () => {
    host = await startModelHost();
    openai = new OpenAI({ ...host.base, maxRetries: 0 });
  });
  afterAll(() => host.stop());
  afterEach(async () => {
    await host.engine.behave({ prefill_ms: null, token_ms: null, break_after: null });
    await host.engine.forget();
  });

  /** The engine's word on the last request of a path, when it has ended. */
  const ended = (path: string) => until(`${path} ended`, async () => (await host.engine.seen(path)).findLast(({ end }) => end !== null));

  describe("openai", () => {
    it("lists models and finds one", async () => {
      const ids = (await openai.models.list()).data.map(({ id }) => id);
      expect(ids).toEqual(expect.arrayContaining(["tiny:latest", "tiny-embed:latest", "qwen/qwen3-4b"]));
      expect(await openai.models.retrieve("tiny:latest")).toMatchObject({ id: "tiny:latest", object: "model" });
      await expect(openai.models.retrieve("nope")).rejects.toBeInstanceOf(NotFoundError);
    });

    it("chats, and the engine got the very request", async () => {
      const { data, response } = await openai.chat.completions.create({ ...ask, max_tokens: 12 }).withResponse();
      expect(data.choices[0]?.message.content).toMatch(/^[a-z ]{12,}/);
      expect(data.usage).toMatchObject({ completion_tokens: 12 });
      expect(response.headers.get("x-farhand-host")).toBe("alpha");
      const [seen] = await host.engine.seen(CHAT);
      expect(JSON.parse(seen!.body)).toEqual({ ...ask, max_tokens: 12 });
      expect(seen!.headers["authorization"]).toBeUndefined();
      expect(seen!.headers["host"]).toBe(new URL(host.engine.url).host);
      expect(seen!.headers["origin"]).toBeUndefined();
    });

    it("streams the text that a whole answer has; what was asked for counting is not seen", async () => {
      const whole = await openai.chat.completions.create({ ...ask, max_tokens: 100 });
      let [text, chunks] = ["", 0];
      for await (const chunk of await openai.chat.completions.create({ ...ask, max_tokens: 100, stream: true })) {
        expect(chunk.choices).toHaveLength(1);
        expect(chunk.usage ?? null).toBeNull();
        text += chunk.choices[0]?.delta.content ?? "";
        chunks += 1;
      }
      expect(text).toBe(whole.choices[0]?.message.content);
      expect(chunks).toBe(101);
      const seen = (await host.engine.seen(CHAT)).at(-1);
      expect(JSON.parse(seen!.body)).toMatchObject({ stream_options: { include_usage: true } });
    });

    it("shows usage to who asks", async () => {
      const stream = await openai.chat.completions.create({ ...ask, max_tokens: 5, stream: true, stream_options: { include_usage: true } });
      const chunks = await all(stream);
      expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 5 } });
    });

    it("calls tools, whole and streamed", async () => {
      const tools = [{ type: "function" as const, function: { name: "weather", parameters: WEATHER } }];
      const whole = await openai.chat.completions.create({ ...ask, tools });
      const [call] = whole.choices[0]?.message.tool_calls ?? [];
      expect(call).toMatchObject({ type: "function", function: { name: "weather" } });
      expect(JSON.parse((call as { function: { arguments: string } }).function.arguments)).toEqual({
        city: expect.any(String) as string,
        days: 7,
      });
      const runner = openai.chat.completions.stream({ ...ask, tools });
      const final = await runner.finalChatCompletion();
      expect(final.choices[0]?.finish_reason).toBe("tool_calls");
      const messages = [...ask.messages, whole.choices[0]!.message, { role: "tool" as const, tool_call_id: call!.id, content: "sunny" }];
      const answer = await openai.chat.completions.create({ model: "tiny", messages, tools, max_tokens: 4 });
      expect(answer.choices[0]?.message.content).toMatch(/[a-z]/);
    });

    it("embeds, in both encodings, and completes", async () => {
      for (const encoding_format of ["float", "base64"] as const) {
        const { data } = await openai.embeddings.create({ model: "tiny-embed", input: ["one", "two"], encoding_format });
        expect(data).toHaveLength(2);
      }
      const { data } = await openai.embeddings.create({ model: "tiny-embed", input: "one" });
      expect(data[0]?.embedding).toHaveLength(64);
      expect((await openai.completions.create({ model: "tiny", prompt: "Once", max_tokens: 3 })).choices[0]?.text).toMatch(/[a-z ]+/);
    });

    it("uses the Responses API, streamed too", async () => {
      expect((await openai.responses.create({ model: "tiny", input: "hi", max_output_tokens: 4 })).output_text).toMatch(/[a-z ]+/);
      const events = await all(await openai.responses.create({ model: "tiny", input: "hi", stream: true, max_output_tokens: 3 }));
      expect(events.map(({ type }) => type)).toEqual(
        expect.arrayContaining(["response.created", "response.output_text.delta", "response.completed"]),
      );
    });

    it("aborts a stream: the engine stops", async () => {
      await host.engine.behave({ token_ms: 20 });
      const stream = await openai.chat.completions.create({ ...ask, max_tokens: 10_000, stream: true });
      let chunks = 0;
      for await (const _ of stream) if ((chunks += 1) === 3) stream.controller.abort();
      expect((await ended(CHAT)).end).toBe("aborted");
      expect((await host.engine.observe()).open).toBe(0);
    });

    it("aborts an answer that has not begun: the engine stops", async () => {
      await host.engine.behave({ prefill_ms: 600_000 });
      const stop = new AbortController();
      const answer = openai.chat.completions.create(ask, { signal: stop.signal });
      await until("the engine has it", async () => (await host.engine.seen(CHAT)).length === 1);
      stop.abort();
      await expect(answer).rejects.toThrow(/abort/i);
      expect((await ended(CHAT)).end).toBe("aborted");
    });

    it("throws its own errors: no such model, no such key, a stream that broke", async () => {
      const missing = await openai.chat.completions.create({ ...ask, model: "nope" }).catch((error: unknown) => error);
      expect(missing).toBeInstanceOf(NotFoundError);
      expect((missing as NotFoundError).message).toMatch(/tiny/);
      await expect(new OpenAI({ ...host.base, apiKey: "fh_wrong", maxRetries: 0 }).models.list()).rejects.toBeInstanceOf(
        AuthenticationError,
      );
      await host.engine.behave({ break_after: 3 });
      const chunks: unknown[] = [];
      const broken = await (async () => {
        for await (const chunk of await openai.chat.completions.create({ ...ask, stream: true })) chunks.push(chunk);
      })().catch((error: unknown) => error);
      expect(chunks).toHaveLength(3);
      expect(broken).toBeInstanceOf(APIError);
      expect((broken as APIError).message).toBe("The model server broke off its answer.");
      await expect(openai.chat.completions.create(ask)).rejects.toBeInstanceOf(Error);
    });

    it("is counted: requests, tokens, and what was cut off", async () => {
      const before = await usageIs(host.product, { surface: "openai", model: "tiny:latest" }, () => true);
      await openai.chat.completions.create({ ...ask, max_tokens: 10 });
      await all(await openai.chat.completions.create({ ...ask, max_tokens: 20, stream: true }));
      const after = await usageIs(
        host.product,
        { surface: "openai", model: "tiny:latest" },
        ({ requests }) => requests >= before.requests + 2,
      );
      expect(after).toMatchObject({ principal: "key:admin", host: "alpha", requests: before.requests + 2, aborted: before.aborted });
      expect(after.output_tokens - before.output_tokens).toBe(30);
      expect(after.input_tokens).toBeGreaterThan(before.input_tokens);
      expect(before.aborted).toBeGreaterThanOrEqual(3);
    });
  });

  it("a key for one model sees and uses that one, and only its own counts", async () => {
    const grants = [{ role: "operator", hosts: ["*"], operations: ["model.list", "model.use"], models: ["tiny:*"], surfaces: ["openai"] }];
    const made = await json<{ id: string; key: string }>(host.product, "POST", "/api/v1/keys", { name: "one-model", grants });
    expect(made.status).toBe(201);
    const own = new OpenAI({ ...host.base, apiKey: made.body.key, maxRetries: 0 });
    await until("the key is known", () =>
      own.models.list().then(
        ({ data }) => data.map(({ id }) => id).join() === "tiny:latest",
        () => false,
      ),
    );
    await own.chat.completions.create({ ...ask, max_tokens: 6 });
    const other = await own.embeddings.create({ model: "tiny-embed", input: "x" }).catch((error: unknown) => error);
    expect(other).toBeInstanceOf(NotFoundError);
    const headers = { authorization: `Bearer ${made.body.key}` };
    expect((await fetch(`${host.url}/api/chat`, { method: "POST", headers, body: JSON.stringify(ask) })).status).toBe(404);
    expect(await host.engine.seen("/api/chat")).toEqual([]);
    const items = await until("its counts", async () => {
      const { body } = await json<{ items: UsageItem[] }>(host.product, "GET", "/api/v1/usage", undefined, headers);
      return body.items.length > 0 && body.items;
    });
    expect(items).toMatchObject([{ principal: `key:${made.body.id}`, model: "tiny:latest", requests: 1, output_tokens: 6 }]);
  });

  describe("ai with @ai-sdk/openai-compatible", () => {
    const provider = () => createOpenAICompatible({ name: "farhand", ...host.base });

    it("generates, streams and embeds", async () => {
      const { text, usage } = await generateText({ model: provider()("tiny"), prompt: "hi", maxOutputTokens: 8 });
      expect(text).toMatch(/[a-z ]+/);
      expect(usage.outputTokens).toBe(8);
      const streamed = streamText({ model: provider()("tiny"), prompt: "hi", maxOutputTokens: 8 });
      expect((await all(streamed.textStream)).join("")).toBe(text);
      const model = provider().embeddingModel("tiny-embed");
      expect((await embedMany({ model, values: ["a", "b"] })).embeddings.map((vector) => vector.length)).toEqual([64, 64]);
    });

    it("runs tools in steps", async () => {
      const asked: unknown[] = [];
      const weather = tool({
        inputSchema: jsonSchema<{ city: string }>(WEATHER),
        execute: (input) => {
          asked.push(input);
          return "sunny";
        },
      });
      const { text, steps } = await generateText({
        model: provider()("tiny"),
        prompt: "hi",
        tools: { weather },
        stopWhen: stepCountIs(3),
        maxOutputTokens: 5,
      });
      expect(asked).toHaveLength(1);
      expect([steps.length, text.length > 0]).toEqual([2, true]);
    });

    it("aborts and fails in its own way", async () => {
      await host.engine.behave({ token_ms: 20 });
      const stop = new AbortController();
      const streamed = streamText({ model: provider()("tiny"), prompt: "hi", maxOutputTokens: 10_000, abortSignal: stop.signal });
      for await (const _ of streamed.textStream) stop.abort();
      expect((await ended(CHAT)).end).toBe("aborted");
      const failed = await generateText({ model: provider()("nope"), prompt: "hi", maxRetries: 0 }).catch((error: unknown) => error);
      expect(APICallError.isInstance(failed) && failed.statusCode).toBe(404);
      await host.engine.behave({ token_ms: null, break_after: 2 });
      const errors: unknown[] = [];
      const broken = streamText({ model: provider()("tiny"), prompt: "hi", onError: ({ error }) => void errors.push(error) });
      // It reads on behind the error event, to the end of the connection, and throws that too.
      await expect(all(broken.fullStream)).rejects.toThrow();
      expect(String(errors[0])).toContain("The model server broke off its answer.");
    });
  });

  describe("@langchain/openai", () => {
    const chat = (model = "tiny") =>
      new ChatOpenAI({ model, apiKey: host.key, maxTokens: 8, maxRetries: 0, configuration: { baseURL: host.base.baseURL } });

    it("chats, streams, calls tools and embeds", async () => {
      const answer = await chat().invoke([new HumanMessage("hi")]);
      expect(answer.text).toMatch(/[a-z ]+/);
      expect(answer).toMatchObject({ usage_metadata: { output_tokens: 8 } });
      const chunks = await all(await chat().stream("hi"));
      expect(chunks.map(({ text }) => text).join("")).toBe(answer.text);
      const tools = [{ type: "function", function: { name: "weather", description: "", parameters: WEATHER } }];
      expect((await chat().bindTools(tools).invoke("hi")).tool_calls?.[0]).toMatchObject({ name: "weather", args: { days: 7 } });
      const embeddings = new OpenAIEmbeddings({ model: "tiny-embed", apiKey: host.key, configuration: { baseURL: host.base.baseURL } });
      expect((await embeddings.embedDocuments(["a", "b"])).map((vector) => vector.length)).toEqual([64, 64]);
    });

    it("aborts and fails in its own way", async () => {
      await host.engine.behave({ token_ms: 20 });
      const stop = new AbortController();
      const stream = await chat().stream("hi", { signal: stop.signal });
      await expect(
        (async () => {
          for await (const _ of stream) stop.abort();
        })(),
      ).rejects.toThrow(/abort/i);
      await ended(CHAT);
      await expect(chat("nope").invoke("hi")).rejects.toMatchObject({ status: 404 });
    });
  });
});
