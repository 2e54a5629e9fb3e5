// Keys of some models, hosts and surfaces: what they reach, what they see, and every way around that must not work.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { answering, model, ModelEdge, service } from "./fake-plane.ts";

const plane = new ModelEdge();
const MODELS = [model("llama3.2:latest"), model("llama-big"), model("secret")];
let llama: string;
let number: number;

beforeAll(async () => {
  number = await plane.host("alpha", [service("ollama", MODELS, { manage: true })]);
  await plane.host("beta", [
    service("ollama", [model("llama-big"), model("other")]),
    service("lmstudio", [model("studio")], { manage: true }),
  ]);
  llama = await plane.key({
    role: "operator",
    hosts: ["alpha"],
    operations: ["model.*"],
    models: ["llama*"],
    surfaces: ["openai", "ollama"],
  });
});
beforeEach(() => {
  plane.script = () => answering({ ok: true });
});

const chat = (body: unknown, key = llama, more = {}) => plane.post("/v1/chat/completions", body, { key, ...more });
const codeOf = ({ headers }: { headers: Headers }) => headers.get("x-farhand-error");

describe("a key of some models", () => {
  it("reaches those, on its hosts, and is told of no others", async () => {
    expect((await chat({ model: "llama3.2" })).status).toBe(200);
    await chat({ model: "llama-big" });
    expect(plane.sent.map(({ host }) => host)).toEqual(["alpha"]);
    for (const name of ["secret", "secret@alpha", "other", "llama-big@beta"]) {
      const answer = await chat({ model: name });
      expect(answer, name).toMatchObject({ status: 404, body: { error: { code: "model_not_found" } } });
      expect((answer.body["error"] as { message: string }).message.replace(JSON.stringify(name.split("@")[0]), "")).not.toMatch(
        /secret|other/,
      );
      expect(plane.sent).toEqual([]);
    }
  });

  it("granted by Ollama's short name reaches the model by its long one too", async () => {
    const key = await plane.key({ role: "operator", hosts: ["*"], operations: ["model.use"], models: ["llama3.2"] });
    for (const name of ["llama3.2", "llama3.2:latest"]) expect((await chat({ model: name }, key)).status, name).toBe(200);
  });

  it.each([
    ["a second name", '{"model":"secret","model":"llama-big"}'],
    ["another case, which Go reads too", '{"model":"llama-big","Model":"secret"}'],
    ["an escaped key of another case", '{"model":"llama-big","\\u004dODEL":"secret"}'],
  ])("is refused a body with %s", async (_name, text) => {
    const answer = await chat(text);
    expect(answer).toMatchObject({ status: 403, body: { error: { type: "permission_error", code: "model_unproven" } } });
    expect(plane.sent).toEqual([]);
  });

  it("is refused bodies that cannot be read or name nothing, whatever the header says", async () => {
    const headers = { "x-farhand-model": "llama-big" };
    const packed = new Uint8Array([0x1f, 0x8b, 1]);
    expect(codeOf(await chat(packed, llama, { headers: { ...headers, "content-encoding": "gzip" } }))).toBe("MODEL_UNPROVEN");
    expect(codeOf(await chat({ messages: [] }, llama, { headers }))).toBe("MODEL_UNPROVEN");
    expect(codeOf(await chat({ messages: [] }))).toBe("MODEL_MISSING");
    expect(plane.sent).toEqual([]);
  });

  it.each([
    ["another name", `{"model":"llama-big","x":"${"y".repeat(1_500_000)}","model":"secret"}`, {}],
    ["another case", `{"model":"llama-big","x":"${"y".repeat(1_500_000)}","MODEL":"secret"}`, {}],
    ["another name than the header's", `{"x":"${"y".repeat(1_500_000)}","model":"secret"}`, { "x-farhand-model": "llama-big" }],
    ["no name at all", `{"x":"${"y".repeat(1_500_000)}"}`, { "x-farhand-model": "llama-big" }],
    ["no end", `{"model":"llama-big","x":"${"y".repeat(1_500_000)}"`, {}],
  ])("breaks off a large body as soon as it holds %s", async (_name, text, headers) => {
    const answer = await chat(text, llama, { headers });
    expect(codeOf(answer)).toBe("MODEL_UNPROVEN");
    expect(plane.sent.map(({ body }) => body)).toEqual([null]);
  });

  it("is refused a pin behind the first 1 MiB: there it is not cut out", async () => {
    const text = `{"x":"${"y".repeat(1_500_000)}","model":"llama-big@alpha"}`;
    expect(codeOf(await chat(text, llama, { headers: { "x-farhand-model": "llama-big" } }))).toBe("MODEL_UNPROVEN");
  });

  it("has its body read as what it was read as here", async () => {
    const type = (content: string, key = llama) =>
      chat({ model: "llama-big" }, key, { headers: { "content-type": content } }).then(() => plane.sent[0]!.headers.get("content-type"));
    for (const content of ["application/json; charset=utf-7", "application/x-www-form-urlencoded", "text/plain"]) {
      expect(await type(content), content).toBe("application/json");
      expect(await type(content, await plane.key({ role: "operator", hosts: ["*"] })), content).toBe(content);
    }
  });

  it("sends a large body whose name holds to the end", async () => {
    const text = `{"x":"${"y".repeat(1_500_000)}","model":"llama-big"}`;
    expect((await chat(text, llama, { headers: { "x-farhand-model": "llama-big" } })).status).toBe(200);
    expect(plane.sent[0]!.body).toBe(text);
  });
});

describe("lists", () => {
  const tags = (...names: string[]) => ({ models: names.map((name) => ({ name, size: 1 })) });

  it("show what the key may use, on every surface", async () => {
    const listed = await plane.get("/v1/models", { key: llama });
    expect((listed.body["data"] as { id: string }[]).map(({ id }) => id)).toEqual(["llama-big", "llama3.2:latest"]);
    expect((await plane.get("/v1/models/secret", { key: llama })).status).toBe(404);
    expect((await plane.get("/v1/models/llama3.2", { key: llama })).body).toMatchObject({ id: "llama3.2:latest" });
    plane.script = () => answering(tags("llama3.2:latest", "secret", "llama-big"));
    for (const path of ["/api/tags", "/api/ps"])
      expect((await plane.get(path, { key: llama })).body["models"], path).toEqual(tags("llama3.2:latest", "llama-big").models);
    expect((await plane.post("/api/show", { model: "secret" }, { key: llama })).status).toBe(404);
    expect((await plane.post("/api/show", { name: "secret" }, { key: llama })).status).toBe(404);
  });

  it("of hosts say no more", async () => {
    for (const path of ["/api/v1/hosts", "/api/v1/hosts/alpha"]) {
      const { text } = await plane.get(path, { key: llama });
      expect(text, path).toContain("llama-big");
      expect(text, path).not.toContain(`"id":"secret"`);
      expect((await plane.get(path)).text, path).toContain(`"id":"secret"`);
    }
  });

  it("that the server answered with an error are that error", async () => {
    plane.script = () => answering({ error: "busy" }, { status: 503 });
    expect(await plane.get("/api/tags", { key: llama })).toMatchObject({ status: 503, body: { error: "busy" } });
  });
});

describe("a surface", () => {
  it("that the grant does not name is closed, in its own shape", async () => {
    expect(await plane.get("/lmstudio/api/v0/models", { key: llama })).toMatchObject({ status: 200, body: { object: "list", data: [] } });
    const studio = await plane.key({ role: "operator", hosts: ["*"], operations: ["model.*"], surfaces: ["lmstudio"] });
    expect(await plane.get("/v1/models", { key: studio })).toMatchObject({ body: { data: [] } });
    expect((await plane.post("/api/chat", { model: "llama-big" }, { key: studio })).status).toBe(404);
    expect((await plane.post("/lmstudio/api/v0/chat/completions", { model: "studio" }, { key: studio })).status).toBe(200);
  });

  it("asks for model.use where it uses and model.list where it lists", async () => {
    const lister = await plane.key({ role: "reader", hosts: ["*"], operations: ["model.list"] });
    expect((await plane.get("/v1/models", { key: lister })).status).toBe(200);
    expect(await chat({ model: "llama-big" }, lister)).toMatchObject({
      status: 403,
      body: { error: { type: "permission_error", code: "forbidden" } },
    });
    expect((await plane.get("/lmstudio/api/v1/models", { key: lister })).status).toBe(200);
    for (const [path, body] of [
      ["/lmstudio/api/v1/chat", { model: "studio" }],
      ["/lmstudio/api/v1/models/load", { model: "studio" }],
    ] as const)
      expect((await plane.post(path, body, { key: lister })).status, path).toBeGreaterThanOrEqual(400);
    expect(plane.sent).toEqual([]);
  });
});

describe("management", () => {
  it("needs model.manage, and the host's word", async () => {
    const user = await plane.key({ role: "operator", hosts: ["*"], operations: ["model.use"] });
    expect(await plane.ask("DELETE", "/api/delete", { body: { model: "secret" }, key: user })).toMatchObject({
      status: 403,
      body: { error: expect.any(String) },
    });
    const beta = await plane.key({ role: "operator", hosts: ["beta"], operations: ["model.manage"] });
    const refused = await plane.post("/api/pull", { model: "x" }, { key: beta });
    expect(codeOf(refused)).toBe("SERVICE_ROUTE_NOT_ALLOWED");
    expect(plane.sent).toEqual([]);
  });

  it("leaves a record, and everything else of the model plane none", async () => {
    const records = async () => (await plane.edge.get("/api/v1/audit?limit=200")).body.items!;
    const before = (await records()).length;
    await plane.post("/api/chat", { model: "secret" });
    await plane.post("/lmstudio/api/v0/chat/completions", { model: "studio" });
    await plane.ask("HEAD", "/api/blobs/sha256:00", { headers: { "x-farhand-host": "alpha" } });
    expect(await records()).toHaveLength(before);
    for (const [method, path, body, action] of [
      ["DELETE", "/api/delete", { model: "secret@alpha" }, "model.delete"],
      ["POST", "/api/pull", { model: "new@alpha" }, "model.pull"],
      ["POST", "/api/push", { model: "secret@alpha" }, "model.push"],
      ["POST", "/api/copy", { source: "secret@alpha", destination: "x" }, "model.copy"],
      ["POST", "/api/create", { model: "x@alpha" }, "model.create"],
      ["POST", "/api/blobs/sha256:00", "bytes", "model.upload"],
      ["POST", "/lmstudio/api/v1/models/load", { model: "studio" }, "model.load"],
      ["POST", "/lmstudio/api/v1/models/unload", { instance_id: "studio" }, "model.unload"],
      ["POST", "/lmstudio/api/v1/models/download", { model: "studio" }, "model.download"],
    ] as const) {
      const headers: Record<string, string> = path.includes("blobs") ? { "x-farhand-host": "alpha" } : {};
      expect((await plane.ask(method, path, { body, headers })).status, path).toBe(200);
      const host = path.startsWith("/lmstudio") ? "beta" : "alpha";
      expect((await records())[0], path).toMatchObject({ action, host, principal: "key:admin", outcome: "asked" });
    }
  });

  it("of some models only is held to every name in the body", async () => {
    expect((await plane.post("/api/copy", { source: "llama-big", destination: "llama-2" }, { key: llama })).status).toBe(200);
    expect(plane.sent[0]).toMatchObject({ host: "alpha", open: { manage: true, model: null } });
    for (const [path, body] of [
      ["/api/copy", { source: "secret", destination: "llama-2" }],
      ["/api/copy", { source: "llama-big", destination: "x" }],
      ["/api/create", { model: "llama-x", from: "secret" }],
      ["/api/pull", { name: "secret" }],
      ["/api/pull", { model: "llama-x", name: "secret" }],
    ] as const)
      expect((await plane.post(path, body, { key: llama })).status, JSON.stringify(body)).toBe(403);
    expect((await plane.ask("HEAD", "/api/blobs/sha256:00", { key: llama })).status).toBe(403);
    expect(plane.sent).toEqual([]);
    const late = `{"x":"${"y".repeat(1_500_000)}","model":"secret"}`;
    for (const [method, path] of [
      ["DELETE", "/api/delete"],
      ["POST", "/api/pull"],
    ] as const) {
      const answer = await plane.ask(method, path, { body: late, key: llama, headers: { "x-farhand-model": "secret" } });
      expect(answer.status, path).toBe(403);
      expect(plane.sent).toEqual([]);
    }
  });
});

describe("while an answer streams", () => {
  it("a revoked key, a grant without the model and a removed host are found out", async () => {
    const { body } = await plane.edge.post("/api/v1/keys", { name: "k", grants: [{ role: "operator", hosts: ["*"], models: ["llama*"] }] });
    await chat({ model: "llama-big@alpha" }, body.key);
    const { still } = plane.sent[0]!;
    const look = () => plane.edge.get("/api/v1/me");
    expect(still).not.toThrow();
    const [grant] = (await plane.edge.get("/api/v1/grants")).body.items!;
    await plane.edge.ask("PATCH", `/api/v1/grants/${String(grant!["id"])}`, {
      body: { role: "operator", hosts: ["*"], models: ["other"] },
    });
    await look();
    expect(still).toThrow(expect.objectContaining({ code: "FORBIDDEN" }));
    await plane.edge.ask("DELETE", `/api/v1/keys/${body.id}`);
    await look();
    expect(still).toThrow(expect.objectContaining({ code: "CREDENTIAL_INVALID" }));
    await plane.report(number, [service("ollama", MODELS, { manage: true })]);
  });
});
