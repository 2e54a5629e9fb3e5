// Which host answers: by name, dialect, grants and state; what is retried, and what a request that fits nowhere is told.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { answering, inPieces, model, ModelEdge, refusing, service } from "./fake-plane.ts";

const plane = new ModelEdge();
const numbers: Record<string, number> = {};
const chat = (name: unknown, more = {}) => plane.post("/v1/chat/completions", { model: name, messages: [] }, more);

beforeAll(async () => {
  const ollama = service("ollama", [model("llama3.2:latest"), model("shared", { loaded: false }), model("only-ollama:7b")]);
  numbers["alpha"] = await plane.host("alpha", [ollama]);
  numbers["beta"] = await plane.host("beta", [service("lmstudio", [model("shared", { loaded: true }), model("qwen/coder")])]);
  numbers["gamma"] = await plane.host("gamma", [service("openai", [model("shared", { loaded: true })])]);
  numbers["off"] = await plane.host("off", [service("ollama", [model("asleep"), model("shared", { loaded: true })])], false);
});
beforeEach(() => {
  plane.script = () => answering({ ok: true });
  plane.busy.clear();
});
const hosts = () => plane.sent.map(({ host }) => host);

describe("a model's name", () => {
  it("finds its host and service; the bytes are those of the request", async () => {
    const text = '{ "model" :\t"only-ollama:7b", "messages":[{"content":"é\\u00e9"}] }';
    const answer = await plane.post("/v1/chat/completions?x=1%2F2", text, { headers: { "content-type": "text/plain" } });
    expect(answer).toMatchObject({ status: 200, body: { ok: true } });
    expect(plane.sent).toMatchObject([{ host: "alpha", body: text, contentLength: new TextEncoder().encode(text).length }]);
    expect(plane.sent[0]!.open).toEqual({
      service: "ollama",
      method: "POST",
      path: "/v1/chat/completions?x=1%2F2",
      dialect: "openai",
      surface: "openai",
      model: "only-ollama:7b",
      manage: false,
    });
  });

  it.each([
    ["llama3.2", "llama3.2:latest"],
    ["llama3.2:latest", "llama3.2:latest"],
  ])("of an Ollama server is the same with and without its tag: %s", async (asked, known) => {
    expect((await chat(asked)).status).toBe(200);
    expect(plane.sent[0]).toMatchObject({ host: "alpha", open: { model: known } });
    expect(JSON.parse(plane.sent[0]!.body!)).toMatchObject({ model: asked });
  });

  it("takes who has it in memory first, then who has less to do; never who is offline", async () => {
    plane.script = () => refusing(true);
    await chat("shared");
    expect(hosts()).toEqual(["beta", "gamma", "alpha"]);
    plane.busy.set(numbers["beta"]!, 2);
    await chat("shared");
    expect(hosts()).toEqual(["gamma", "beta", "alpha"]);
  });

  it("takes an unhealthy service last", async () => {
    await plane.report(numbers["beta"]!, [service("lmstudio", [model("shared", { loaded: true })], { healthy: false })]);
    plane.script = () => refusing(true);
    await chat("shared");
    expect(hosts()).toEqual(["gamma", "alpha", "beta"]);
    await plane.report(numbers["beta"]!, [service("lmstudio", [model("shared", { loaded: true }), model("qwen/coder")])]);
  });
});

describe("a pin", () => {
  it("chooses the host, and only its bytes are cut out", async () => {
    const text = '{"messages":[{"content":"shared@beta"}],  "model":"shared@ALPHA","n":1}';
    await plane.post("/v1/chat/completions", text);
    expect(plane.sent).toMatchObject([{ host: "alpha", body: text.replace("@ALPHA", ""), contentLength: text.length - 6 }]);
    await plane.post("/v1/completions", '{"model":"sh\\u0061red\\u0040gamma"}');
    expect(plane.sent).toMatchObject([{ host: "gamma", body: '{"model":"shared"}' }]);
  });

  it("may come in a header, not against the body's", async () => {
    await chat("shared", { headers: { "x-farhand-host": "gamma" } });
    expect(hosts()).toEqual(["gamma"]);
    const both = await chat("shared@alpha", { headers: { "x-farhand-host": "gamma" } });
    expect(both.status).toBe(400);
    expect(both.headers.get("x-farhand-error")).toBe("HOST_AMBIGUOUS");
  });

  it("to a host without the model is 404", async () => {
    for (const name of ["qwen/coder@alpha", "shared@nowhere"]) {
      const answer = await chat(name);
      expect(answer.status, name).toBe(404);
      expect(answer.body["error"], name).toMatchObject({ code: "model_not_found" });
    }
  });
});

describe("a name that cannot be answered", () => {
  it("is 404 with the models there are, in the dialect", async () => {
    const openai = await chat("nothing");
    expect(openai.status).toBe(404);
    expect(openai.body["error"]).toMatchObject({ type: "not_found_error", code: "model_not_found", param: null });
    expect((openai.body["error"] as { message: string }).message).toMatch(/"nothing".*llama3\.2:latest.*qwen\/coder/);
    const ollama = await plane.post("/api/chat", { model: "nothing" });
    expect(ollama.status).toBe(404);
    expect(ollama.body["error"]).toMatch(/"nothing".*llama3\.2:latest/);
    expect(ollama.body["error"]).not.toContain("qwen");
  });

  it("names at most 20 of them", async () => {
    const many = await plane.host("many", [
      service(
        "openai",
        Array.from({ length: 30 }, (_, i) => model(`many-${i}`)),
      ),
    ]);
    const key = await plane.key({ role: "operator", hosts: ["many"], operations: ["model.*"] });
    const { message } = (await chat("nothing", { key })).body["error"] as { message: string };
    expect(message.match(/many-\d+/g)).toHaveLength(20);
    expect(message).toContain("and 10 more");
    await plane.report(many, []);
  });

  it("is 503 while its hosts are offline, 501 where they speak another dialect", async () => {
    const offline = await chat("asleep");
    expect(offline.status).toBe(503);
    expect(offline.headers.get("retry-after")).toBe("2");
    expect(offline.headers.get("x-should-retry")).toBeNull();
    expect(offline.body["error"]).toMatchObject({ code: "model_offline", message: expect.stringContaining("off") });
    const other = await plane.post("/api/chat", { model: "qwen/coder" });
    expect(other.status).toBe(501);
    expect(other.headers.get("x-should-retry")).toBe("false");
    expect(other.body["error"]).toMatch(/qwen\/coder.*beta.*lmstudio.*openai \(\/v1\).*lmstudio \(\/lmstudio\/api\)/);
    expect(plane.sent).toEqual([]);
  });

  it.each(["", "[]", '{"model":"shared"', "model=shared"])("is 400 in a body that is no object: %s", async (text) => {
    const answer = await plane.post("/v1/chat/completions", text);
    expect(answer.status).toBe(400);
    expect(answer.body["error"]).toMatchObject({ type: "invalid_request_error", code: "body_not_json" });
    expect(plane.sent).toEqual([]);
  });

  it("is 400 where none is named and there are several servers", async () => {
    for (const body of [{}, { model: null }, { model: "" }, { model: 7 }]) {
      const answer = await plane.post("/v1/chat/completions", body);
      expect(answer, JSON.stringify(body)).toMatchObject({ status: 400, body: { error: { code: "model_missing" } } });
    }
  });
});

describe("a model that was not there a moment ago", () => {
  it("is found, and a host that was away", async () => {
    const late = await plane.host("late", [service("openai", [])], false);
    const key = await plane.key({ role: "operator", hosts: ["late"], operations: ["model.*"] });
    expect((await chat("pulled", { key })).status).toBe(404);
    await plane.report(late, [service("openai", [model("pulled")])], false, false);
    // A look at the Fleet that answers nothing new is not repeated at once.
    await plane.until(async () => (await chat("pulled", { key })).status === 503);
    await plane.report(late, [service("openai", [model("pulled")])], true, false);
    await plane.until(async () => (await plane.get("/v1/models/pulled", { key })).status === 200);
    expect((await chat("pulled", { key })).status).toBe(200);
  });
});

describe("a body that cannot be looked into", () => {
  const packed = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]);

  it("goes by the header, or to the only server there is", async () => {
    const headers = { "content-encoding": "zstd", "content-type": "application/json" };
    const blind = await plane.post("/v1/chat/completions", packed, { headers });
    expect(blind).toMatchObject({ status: 400, body: { error: { code: "model_missing" } } });
    await plane.post("/v1/chat/completions", packed, { headers: { ...headers, "x-farhand-model": "qwen/coder" } });
    expect(plane.sent).toMatchObject([{ host: "beta", open: { model: "qwen/coder" }, contentLength: packed.length }]);
    const key = await plane.key({ role: "operator", hosts: ["gamma"], operations: ["model.*"] });
    await plane.post("/v1/chat/completions", packed, { headers, key });
    expect(plane.sent).toMatchObject([{ host: "gamma", open: { model: "shared" } }]);
  });
});

describe("a retry", () => {
  it("goes to another host while nothing reached the first one", async () => {
    plane.script = ({ host }) => (host === "beta" ? refusing(true, "LANE_UNAVAILABLE") : answering({ by: host }));
    expect(await chat("shared")).toMatchObject({ status: 200, body: { by: "gamma" } });
    expect(plane.sent[0]!.body).toBe(plane.sent[1]!.body);
  });

  it("never happens where work may have begun, and tells clients so", async () => {
    plane.script = () => refusing(false);
    const answer = await chat("shared");
    expect(hosts()).toEqual(["beta"]);
    expect(answer.status).toBe(502);
    expect(answer.headers.get("x-should-retry")).toBe("false");
    expect(answer.headers.get("x-farhand-host")).toBe("beta");
    expect(answer.body["error"]).toMatchObject({ type: "api_error", code: "upstream_unreachable" });
  });

  it("never happens for a body that streamed", async () => {
    plane.script = () => refusing(true);
    const large = `{"model":"shared","x":"${"y".repeat(2 * 1024 * 1024)}"}`;
    expect((await plane.post("/v1/chat/completions", large)).status).toBe(502);
    expect(hosts()).toEqual(["beta"]);
    expect(plane.sent[0]!.body).toBe(large);
  });
});

describe("a large body", () => {
  it("of unknown length passes byte for byte, its pin cut out of the beginning", async () => {
    const text = `{"x":"${"é".repeat(1_500_000)}","model":"late","y":1}`;
    const early = text.replace("{", '{"model":"shared@alpha",');
    const { status } = await plane.ask("POST", "/v1/chat/completions", {
      body: inPieces(early.replace(',"model":"late"', ""), 70_001),
      headers: { "content-type": "application/json" },
    });
    expect(status).toBe(200);
    expect(plane.sent).toMatchObject([{ host: "alpha", contentLength: null }]);
    expect(plane.sent[0]!.body === early.replace(',"model":"late"', "").replace("@alpha", "")).toBe(true);
  });

  it("whose name comes late needs the header", async () => {
    const text = `{"x":"${"y".repeat(1_500_000)}","model":"shared"}`;
    expect((await plane.post("/v1/chat/completions", text)).status).toBe(400);
    expect((await plane.post("/v1/chat/completions", text, { headers: { "x-farhand-model": "shared" } })).status).toBe(200);
    expect(plane.sent[0]!.body).toBe(text);
  });

  it("that says it is larger than what passes is refused at once", async () => {
    const headers = { "content-length": String(101 * 1024 * 1024), "content-type": "application/json" };
    const answer = await plane.ask("POST", "/v1/chat/completions", { body: inPieces('{"model":"shared"}', 100), headers });
    expect(answer).toMatchObject({ status: 413, body: { error: { type: "invalid_request_error", code: "passed_body_too_large" } } });
  });
});
