// Each surface's own routes: lists, the ingest contract, management, LM Studio's paths, and errors in the shape of each.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { answering, inPieces, model, ModelEdge, refusing, service, type Sent } from "./fake-plane.ts";

const plane = new ModelEdge();
const alpha = service("ollama", [model("llama3.2:latest", { loaded: true, context_length: 4096, kind: "chat" }), model("shared")], {
  manage: true,
});
const beta = service("lmstudio", [model("org/shared"), model("shared", { context_length: 8192 })], { manage: true });

beforeAll(async () => {
  await plane.host("alpha", [alpha]);
  await plane.host("beta", [beta]);
  await plane.host("away", [service("openai", [model("gone")])], false);
});
beforeEach(() => {
  plane.script = () => answering({ ok: true });
});
const codeOf = ({ headers }: { headers: Headers }) => headers.get("x-farhand-error");

describe("/v1/models", () => {
  it("merges what the hosts that are there have", async () => {
    const answer = await plane.get("/v1/models");
    expect(answer.body).toEqual({
      object: "list",
      data: [
        ["llama3.2:latest", "ollama", ["alpha"], true, 4096, "chat"],
        ["org/shared", "lmstudio", ["beta"], false, null, null],
        ["shared", "ollama", ["alpha", "beta"], false, 8192, null],
      ].map(([id, owned_by, hosts, loaded, context_length, kind]) => ({
        id,
        object: "model",
        created: 0,
        owned_by,
        farhand: { hosts, loaded, context_length, kind },
      })),
    });
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    const pinned = await plane.get("/v1/models", { headers: { "x-farhand-host": "alpha" } });
    expect((pinned.body["data"] as { id: string }[]).map(({ id }) => id)).toEqual(["llama3.2:latest", "shared"]);
  });

  it.each(["org/shared", "org%2Fshared", "org/shared@beta", "org%2fshared%40beta"])(
    "shows one by its id, however it is written: %s",
    async (id) => {
      expect(await plane.get(`/v1/models/${id}`)).toMatchObject({ status: 200, body: { id: "org/shared", farhand: { hosts: ["beta"] } } });
    },
  );

  it("says what is not there, and what is away", async () => {
    expect(await plane.get("/v1/models/nothing")).toMatchObject({ status: 404, body: { error: { code: "model_not_found" } } });
    expect(await plane.get("/v1/models/gone")).toMatchObject({ status: 503, body: { error: { code: "model_offline" } } });
    expect((await plane.ask("HEAD", "/v1/models")).status).toBe(200);
  });
});

describe("/api/tags, /api/ps, /api/version", () => {
  it("of the only Ollama server pass untouched, HEAD too", async () => {
    const text = '{ "models" : [ {"name":"x"} ] }\n';
    plane.script = () => answering(text, { headers: { "content-type": "application/json" } });
    for (const path of ["/api/tags", "/api/ps"]) expect((await plane.get(path)).text, path).toBe(text);
    expect((await plane.ask("HEAD", "/api/tags")).status).toBe(200);
    expect(plane.sent[0]).toMatchObject({ host: "alpha", open: { method: "HEAD", path: "/api/tags" }, body: null });
    await plane.get("/api/version");
    expect(plane.sent[0]).toMatchObject({ host: "alpha", open: { path: "/api/version" } });
  });

  it("of several are asked at once and merged; who fails or is late is left out", async () => {
    const more = new ModelEdge();
    for (const name of ["one", "two", "three", "four"]) await more.host(name, [service("ollama", [model("m")])]);
    const hosts = await more.key({ role: "reader", hosts: ["one", "two", "three", "four"] });
    const lists: Record<string, unknown> = { one: ["a", "both"], two: ["both", "b"] };
    let release = () => {};
    const never = new Promise<never>(() => {});
    const allAsked = new Promise<void>((resolve) => {
      release = resolve;
    });
    more.script = async ({ host }: Sent) => {
      if (more.sent.length === 4) release();
      await allAsked;
      if (host === "three") return answering("not json");
      if (host === "four") return never;
      return answering({ models: (lists[host] as string[]).map((name) => ({ name, on: host })) });
    };
    const answer = await more.get("/api/tags", { key: hosts });
    expect(answer.body["models"]).toEqual([
      { name: "a", on: "one" },
      { name: "both", on: "one" },
      { name: "b", on: "two" },
    ]);
    expect(answer.headers.get("x-farhand-host")).toBe("one, two");
    more.script = () => refusing(false);
    expect(await more.get("/api/tags", { key: hosts })).toMatchObject({
      status: 502,
      body: { error: expect.stringContaining("refused by the test") },
    });
  });

  it("are empty where there is no server, 503 where it is away", async () => {
    const none = await plane.key({ role: "reader", hosts: ["beta"] });
    expect(await plane.get("/api/tags", { key: none })).toMatchObject({ status: 200, body: { models: [] } });
    expect((await plane.get("/api/version", { key: none })).status).toBe(404);
    const more = new ModelEdge();
    await more.host("asleep", [service("ollama", [])], false);
    const away = await more.key({ role: "reader", hosts: ["asleep"] });
    expect(codeOf(await more.get("/api/tags", { key: away }))).toBe("MODEL_OFFLINE");
  });
});

describe("the ingest contract", () => {
  const ingest = new ModelEdge();
  let key: string;
  beforeAll(async () => {
    const declared = service("ollama", [model("default:8b")], { default_model: "default:8b" });
    await ingest.host("ingest", [declared]);
    key = await ingest.key({ role: "operator", hosts: ["ingest"], operations: ["model.use"], surfaces: ["ingest"], models: ["default*"] });
  });

  it("asks the default model in Ollama's words, and answers with `text` too", async () => {
    ingest.script = () =>
      answering({ model: "default:8b", response: "hi", done: true, eval_count: 1 }, { headers: { "x-farhand-host": "ingest" } });
    const answer = await ingest.post("/api/generate", { prompt: "p", max_tokens: 9, options: { seed: 1 }, system: "s" }, { key });
    expect(answer).toMatchObject({ status: 200, body: { model: "default:8b", response: "hi", text: "hi", done: true, eval_count: 1 } });
    expect(answer.headers.get("x-farhand-host")).toBe("ingest");
    expect(ingest.sent[0]!.open).toMatchObject({ path: "/api/generate", dialect: "ollama", surface: "ingest", model: "default:8b" });
    expect(JSON.parse(ingest.sent[0]!.body!)).toEqual({
      prompt: "p",
      system: "s",
      model: "default:8b",
      stream: false,
      options: { seed: 1, num_predict: 9 },
    });
    expect(ingest.sent[0]!.contentLength).toBe(ingest.sent[0]!.body!.length);
  });

  it("streams lines with `text`, wherever the pieces are cut", async () => {
    const lines = ['{"response":"é","done":false}', '{"response":"","done":true}', '{"error":"broke"}'];
    const bytes = new TextEncoder().encode(`${lines.join("\n")}\n`);
    ingest.script = () => ({
      response: new Response(inPieces(`${lines.join("\n")}\n`, 1), {
        headers: { "content-type": "application/x-ndjson", "content-length": String(bytes.length) },
      }),
    });
    const answer = await ingest.post("/api/generate", { prompt: "p", stream: true }, { key });
    expect(
      answer.text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([{ response: "é", done: false, text: "é" }, { response: "", done: true, text: "" }, { error: "broke" }]);
    expect(answer.headers.get("content-length")).toBeNull();
    expect(JSON.parse(ingest.sent[0]!.body!)).toMatchObject({ stream: true });
  });

  it("that broke off is the server's failure", async () => {
    const cut = new ReadableStream({
      start: (to) => to.enqueue(new TextEncoder().encode('{"resp')),
      pull: (to) => to.error(new Error("cut")),
    });
    ingest.script = () => ({ response: new Response(cut) });
    const answer = await ingest.post("/api/generate", { prompt: "p" }, { key });
    expect(answer.status).toBe(502);
    expect(answer.headers.get("x-farhand-error")).toBe("UPSTREAM_FAILED");
  });

  it("passes the server's error as it is, and says what is wrong with a request", async () => {
    ingest.script = () => answering({ error: "no memory" }, { status: 500 });
    expect(await ingest.post("/api/generate", { prompt: "p" }, { key })).toMatchObject({ status: 500, body: { error: "no memory" } });
    for (const body of [{}, { prompt: 7 }, { prompt: "p", max_tokens: 0 }, { prompt: "p", max_tokens: "9" }]) {
      const answer = await ingest.post("/api/generate", body, { key });
      expect(answer, JSON.stringify(body)).toMatchObject({
        status: 422,
        body: { error: expect.stringMatching(/^\/(prompt|max_tokens) must/) },
      });
    }
    expect(ingest.sent).toEqual([]);
  });

  it("is not had by a second model, or one in a key of another case", async () => {
    for (const body of [
      '{"model":null,"Model":"secret","prompt":"p"}',
      '{"model":"secret","model":"","prompt":"p"}',
      '{"MODEL":"secret","prompt":"p"}',
    ]) {
      expect((await ingest.post("/api/generate", body, { key })).status, body).toBe(400);
      expect(ingest.sent).toEqual([]);
    }
  });

  it("is 400 where no default is declared, and Ollama's own route with a model", async () => {
    const undeclared = await plane.post(
      "/api/generate",
      { prompt: "p" },
      { key: await plane.key({ role: "operator", hosts: ["alpha", "beta"] }) },
    );
    expect(undeclared).toMatchObject({ status: 400, body: { error: expect.stringContaining("default") } });
    const text = '{"model":"llama3.2","prompt":"p","max_tokens":1}';
    await plane.post("/api/generate", text);
    expect(plane.sent).toMatchObject([{ body: text, open: { surface: "ollama" } }]);
  });
});

describe("Ollama management", () => {
  it("carries a DELETE with its body to the host that has the model", async () => {
    const answer = await plane.ask("DELETE", "/api/delete", { body: { model: "llama3.2@alpha" } });
    expect(answer.status).toBe(200);
    expect(plane.sent).toMatchObject([
      { host: "alpha", body: '{"model":"llama3.2"}', open: { method: "DELETE", path: "/api/delete", manage: true } },
    ]);
  });

  it("names one of several hosts, or is 400", async () => {
    const more = new ModelEdge();
    for (const name of ["left", "right"]) await more.host(name, [service("ollama", [model(name), model("both")], { manage: true })]);
    const key = await more.key({ role: "operator", hosts: ["left", "right"] });
    const hosts = () => more.sent.map(({ host }) => host);
    for (const path of ["/api/delete", "/api/pull", "/api/push"]) {
      const method = path === "/api/delete" ? "DELETE" : "POST";
      const answer = await more.ask(method, path, { body: { model: "both" }, key });
      expect(answer, path).toMatchObject({ status: 400, body: { error: expect.stringMatching(/left.*right.*x-farhand-host/) } });
      await more.ask(method, path, { body: { model: "both@right" }, key });
      expect(hosts(), path).toEqual(["right"]);
      await more.ask(method, path, { body: { model: "both" }, key, headers: { "x-farhand-host": "left" } });
      expect(hosts(), path).toEqual(["left"]);
    }
    await more.ask("DELETE", "/api/delete", { body: { name: "left" }, key });
    expect(hosts()).toEqual(["left"]);
    expect((await more.ask("HEAD", "/api/blobs/sha256:00", { key })).status).toBe(400);
    const blob = new Uint8Array([0, 1, 2, 255]);
    await more.post("/api/blobs/sha256:00", blob, { key, headers: { "x-farhand-host": "left" } });
    expect(more.sent).toMatchObject([{ host: "left", contentLength: 4, open: { path: "/api/blobs/sha256:00", manage: true } }]);
  });
});

describe("LM Studio's surface", () => {
  it.each([
    ["POST", "v0/chat/completions", { model: "org/shared" }, "model.use", false],
    ["POST", "v1/chat", { model: "org/shared", input: "x" }, "model.use", false],
    ["POST", "v1/models/load", { model: "new" }, "model.manage", true],
    ["POST", "v1/models/unload", { instance_id: "org/shared" }, "model.manage", true],
    ["GET", "v0/models/org/shared", undefined, "model.list", false],
    ["GET", "v0/models/org%2Fshared", undefined, "model.list", false],
    ["GET", "v1/models/download/status/7", undefined, "model.list", false],
  ])("%s %s reaches the LM Studio of a host", async (method, path, body, _use, manage) => {
    expect((await plane.ask(method, `/lmstudio/api/${path}`, body ? { body } : {})).status).toBe(200);
    expect(plane.sent).toMatchObject([
      { host: "beta", open: { service: "lmstudio", method, path: `/api/${path}`, dialect: "lmstudio", manage } },
    ]);
  });

  it("takes the pin out of a path", async () => {
    await plane.get("/lmstudio/api/v0/models/org/shared@beta?x=1");
    expect(plane.sent[0]!.open.path).toBe("/api/v0/models/org/shared?x=1");
  });

  it("has no other paths or methods: the server itself would say 200", async () => {
    for (const [method, path, status] of [
      ["GET", "v1/nothing", 404],
      ["POST", "v0/models/load", 405],
      ["DELETE", "v1/models", 405],
      ["GET", "v1/chat", 405],
    ] as const)
      expect(await plane.ask(method, `/lmstudio/api/${path}`), path).toMatchObject({
        status,
        body: { error: { message: expect.any(String) } },
      });
    expect(plane.sent).toEqual([]);
  });
});

describe("an error has the surface's own shape", () => {
  const shapes: [string, (body: Record<string, unknown>, code: string) => void][] = [
    [
      "/v1/chat/completions",
      (body, code) => expect(body).toEqual({ error: { message: expect.any(String), type: expect.any(String), param: null, code } }),
    ],
    [
      "/lmstudio/api/v1/chat",
      (body, code) => expect(body).toEqual({ error: { message: expect.any(String), type: expect.any(String), param: null, code } }),
    ],
    ["/api/chat", (body) => expect(body).toEqual({ error: expect.any(String) })],
  ];
  it.each(shapes)("on %s: without a credential, with a wrong one, from another site, and where there is no route", async (path, check) => {
    for (const [more, status, code] of [
      [{ key: null }, 401, "CREDENTIAL_MISSING"],
      [{ key: "fh_wrong" }, 401, "CREDENTIAL_INVALID"],
      [{ headers: { origin: "https://elsewhere.test" } }, 403, "ORIGIN_REFUSED"],
    ] as const) {
      const answer = await plane.post(path, { model: "x" }, more);
      expect(answer.status, code).toBe(status);
      expect(codeOf(answer)).toBe(code);
      check(answer.body, code.toLowerCase());
      expect(answer.headers.get("www-authenticate"), code).toBe(status === 401 ? "Bearer" : null);
    }
    const unlisted = await plane.post(`${path}/nothing/at/all`, {});
    expect([404, 405]).toContain(unlisted.status);
    check(unlisted.body, codeOf(unlisted)!.toLowerCase());
    const wrong = await plane.ask("PUT", path, { body: {} });
    expect(wrong.status).toBe(405);
    check(wrong.body, "method_not_allowed");
  });
});
