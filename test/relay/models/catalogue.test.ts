// What the drivers of model servers say of real and fake servers: models, loaded or not, health in words, and when they look again.
import { createServer, type Server } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { serviceSchema, type Service } from "../../../protocol/services.ts";
import { parseConfig } from "../../../relay/config.ts";
import type { Driver } from "../../../relay/drivers/contract.ts";
import { createLmstudioDriver } from "../../../relay/drivers/lmstudio/driver.ts";
import type { ModelDriverOptions } from "../../../relay/drivers/model-server.ts";
import { createOllamaDriver } from "../../../relay/drivers/ollama/driver.ts";
import { createOpenaiDriver } from "../../../relay/drivers/openai/driver.ts";
import { Upstream } from "../../../relay/proxy/upstream.ts";
import { UsageCounts } from "../../../relay/proxy/usage-counts.ts";
import { noEngine, startEngine, type EngineProcess } from "../../fixtures/engine.ts";
import { startFakeLmStudio, type FakeLmStudioOptions } from "../../fixtures/fake-lmstudio.ts";

const TIMES = { healthyMs: 60_000, downMs: 20, downMaxMs: 40, soonMs: 5, coldMs: 5 };
const DRIVERS = { ollama: createOllamaDriver, lmstudio: createLmstudioDriver, openai: createOpenaiDriver } as const;
type Kind = keyof typeof DRIVERS;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function started(
  kind: Kind,
  toml: string,
  more: Partial<ModelDriverOptions> = {},
): Promise<{ driver: Driver<never>; changes: () => number }> {
  const driver = DRIVERS[kind](parseConfig(toml, "/etc/farhand/relay.toml"), { usage: new UsageCounts(), times: TIMES, ...more });
  let changes = 0;
  ends.push(() => driver.stop());
  await driver.start(
    () => (changes += 1),
    () => undefined,
  );
  return { driver, changes: () => changes };
}

const declared = (kind: Kind, where: string, more = "") => `[services.main]\nkind = "${kind}"\n${where}\n${more}`;

function only(driver: Driver<never>): Service {
  const services = (driver.services?.() ?? []).map((hosted) => hosted.service());
  expect(services).toHaveLength(1);
  return serviceSchema.parse(services[0]);
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !holds(); await new Promise((resolve) => setTimeout(resolve, 5)))
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
}

/** A server that answers each path with what it is told. */
async function canned(answers: Record<string, unknown>): Promise<{ url: string; asked: string[]; server: Server }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const answer = answers[request.url ?? ""];
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(typeof answer === "string" ? answer : JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server };
}

describe.skipIf(noEngine)(`an Ollama server (${noEngine ?? "real engine"})`, () => {
  let dir: string;
  let engine: EngineProcess;
  let old: EngineProcess;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "farhand-ollama-"));
    [engine, old] = await Promise.all([startEngine({ socket: join(dir, "ollama.sock") }), startEngine({ old: true })]);
  });
  afterAll(async () => {
    await Promise.all([engine.stop(), old.stop()]);
    await rm(dir, { recursive: true, force: true });
  });

  it("is told with its models, and by its socket too", async () => {
    for (const where of [`url = "${engine.url}"`, `socket = "${join(dir, "ollama.sock")}"`]) {
      const { driver } = await started("ollama", declared("ollama", where, 'default_model = "tiny"\nmanage = true'));
      expect(only(driver)).toMatchObject({
        name: "main",
        kind: "ollama",
        healthy: true,
        detail: "Ollama 0.24.0: 2 models, 0 loaded",
        manage: true,
        default_model: "tiny",
        models: [
          { id: "tiny:latest", loaded: false, context_length: 8192, kind: "chat" },
          { id: "tiny-embed:latest", loaded: false, context_length: 8192, kind: "embedding" },
        ],
      });
    }
  });

  it("is asked about each model once where its list says little", async () => {
    const { driver } = await started("ollama", declared("ollama", `url = "${old.url}"`), { times: { ...TIMES, healthyMs: 5 } });
    expect(only(driver).models).toMatchObject([{ context_length: 8192, kind: "chat" }, { kind: "embedding" }]);
    const before = (await old.seen("/api/tags")).length;
    for (const end = Date.now() + 10_000; (await old.seen("/api/tags")).length < before + 3;)
      if (Date.now() > end) throw new Error("no look");
    expect(await old.seen("/api/show")).toHaveLength(2);
  });

  it("is named where nothing declares it and [allow] permits", async () => {
    const places = [new Upstream({ url: engine.url })];
    const found = await started("ollama", '[allow]\noperations = ["model.use"]', { places });
    expect(only(found.driver)).toMatchObject({ name: "ollama", healthy: true, manage: false });
    for (const toml of [
      "",
      '[allow]\noperations = ["host.*"]',
      declared("ollama", 'url = "http://127.0.0.1:9"') + '\n[allow]\noperations = ["*"]',
    ]) {
      const { driver } = await started("ollama", toml, { places });
      expect((driver.services?.() ?? []).map(({ name }) => name)).toEqual(toml.includes("services") ? ["main"] : []);
    }
  });
});

describe("an LM Studio server", () => {
  async function fake(options?: FakeLmStudioOptions) {
    const server = await startFakeLmStudio(options);
    ends.push(() => server.close());
    return server;
  }

  it.each([
    ["both APIs", [], { loaded: true, context_length: 8192, kind: "chat" }, { loaded: false, context_length: 32_768, kind: "embedding" }],
    ["v1 only", ["v0"], { loaded: true, context_length: 8192, kind: "chat" }, { loaded: false, context_length: 32_768, kind: "embedding" }],
    ["neither", ["v0", "v1"], { loaded: null, context_length: null, kind: null }, { loaded: null, context_length: null, kind: null }],
  ] as const)("is read by the shape of its answers: %s", async (_, without, first, last) => {
    const server = await fake({ without });
    const { driver } = await started("lmstudio", declared("lmstudio", `url = "${server.url}"`));
    const service = only(driver);
    expect(service).toMatchObject({ kind: "lmstudio", healthy: true });
    expect(service.models.map(({ id }) => id)).toEqual(["qwen/qwen3-4b", "gemma-3-1b", "text-embedding-nomic-embed-text-v1.5"]);
    expect(service.models[0]).toMatchObject(first);
    expect(service.models[2]).toMatchObject(last);
  });

  it("says what to do where it asks for a token", async () => {
    const server = await fake({ token: "sk-lm-test" });
    const { driver } = await started("lmstudio", declared("lmstudio", `url = "${server.url}"`));
    expect(only(driver)).toMatchObject({ healthy: false, detail: expect.stringContaining("bearer_env") as string, models: [] });
    process.env["LMS_TEST_TOKEN"] = "sk-lm-test";
    ends.push(() => delete process.env["LMS_TEST_TOKEN"]);
    const again = await started("lmstudio", declared("lmstudio", `url = "${server.url}"`, 'bearer_env = "LMS_TEST_TOKEN"'));
    expect(only(again.driver)).toMatchObject({ healthy: true });
  });

  it("is not mistaken: found only by its greeting", async () => {
    const allow = '[allow]\noperations = ["model.*"]';
    const server = await fake();
    const found = await started("lmstudio", allow, { places: [new Upstream({ url: server.url })] });
    expect(only(found.driver)).toMatchObject({ name: "lmstudio", healthy: true });
    const other = await canned({ "/v1/models": { object: "list", data: [] }, "/lmstudio-greeting": { error: "what?" } });
    const { driver } = await started("lmstudio", allow, { places: [new Upstream({ url: other.url })] });
    expect(driver.services?.()).toEqual([]);
  });
});

describe("an OpenAI-compatible server", () => {
  it("is told with the context that it names", async () => {
    const data = [{ id: "llama", meta: { n_ctx_train: 4096 } }, { id: "vllm", max_model_len: 16_384 }, { id: "bare" }];
    const { url } = await canned({ "/v1/models": { object: "list", data } });
    const { driver } = await started("openai", declared("openai", `url = "${url}"`));
    expect(only(driver).models).toEqual([
      { id: "llama", loaded: null, context_length: 4096, kind: null },
      { id: "vllm", loaded: null, context_length: 16_384, kind: null },
      { id: "bare", loaded: null, context_length: null, kind: null },
    ]);
    expect(only(driver).detail).toBe("OpenAI-compatible server: 3 models");
  });

  it("is believed only so far", async () => {
    const ids = ["ok", "ok", "pin@host", "line\nbreak", "", "x".repeat(1_000), ...Array.from({ length: 400 }, (_, at) => `m${at}`)];
    const { url } = await canned({ "/v1/models": { object: "list", data: ids.map((id) => ({ id, context_length: "many" })) } });
    const { driver } = await started("openai", declared("openai", `url = "${url}"`));
    const service = only(driver);
    expect(service.models).toHaveLength(200);
    expect(service.models.slice(0, 2).map(({ id }) => id)).toEqual(["ok", "m0"]);
    expect(service.detail).toBe("OpenAI-compatible server: 200 models; 206 not shown");
  });

  it.each([
    ["is no list", { "/v1/models": { models: 1 } }, /does not answer with a list/],
    ["is no JSON", { "/v1/models": "<html>" }, /does not answer with a list/],
    ["is endless", { "/v1/models": "x".repeat(9 * 1024 * 1024) }, /too large/],
  ])("is not used where its answer %s", async (_, answers, detail) => {
    const { url } = await canned(answers);
    const { driver } = await started("openai", declared("openai", `url = "${url}"`));
    expect(only(driver)).toMatchObject({ healthy: false, detail: expect.stringMatching(detail) as string });
  });
});

describe("looking", () => {
  it("goes on while a server is down, says so once, and finds it again", async () => {
    const first = await canned({ "/v1/models": { object: "list", data: [{ id: "m" }] } });
    const { port } = new URL(first.url);
    const { driver, changes } = await started("openai", declared("openai", `url = "${first.url}"`), { times: { ...TIMES, healthyMs: 10 } });
    expect([only(driver).healthy, changes()]).toEqual([true, 1]);
    first.server.closeAllConnections();
    await new Promise((resolve) => first.server.close(resolve));
    await until("down", () => !only(driver).healthy);
    expect(only(driver)).toMatchObject({ detail: "The server was not reached: nothing listens there.", models: [{ id: "m" }] });
    const [down, { asked }] = [changes(), first];
    const second = createServer((_, response) => response.end('{"data":[{"id":"m"},{"id":"n"}]}')).listen(Number(port), "127.0.0.1");
    ends.push(() => (second.closeAllConnections(), second.close()));
    await until("up", () => only(driver).healthy);
    expect([changes() - down, asked.length > 0]).toEqual([1, true]);
    expect(only(driver).models).toHaveLength(2);
  });

  it("ends with stop", async () => {
    const { url, asked } = await canned({ "/v1/models": { object: "list", data: [] } });
    const { driver } = await started("openai", declared("openai", `url = "${url}"`), { times: { ...TIMES, healthyMs: 1 } });
    await until("some looks", () => asked.length > 3);
    await driver.stop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = asked.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked.length).toBe(before);
  });
});
