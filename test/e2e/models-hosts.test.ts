// Two hosts with engines of their own: which one answers for a model, by name, by pin, by what is in memory, and when one is down.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noEngine } from "../fixtures/engine.ts";
import { json, until } from "./api.ts";
import { addModelHost, serviceIs, startModelHost, type ModelHost } from "./models-rig.ts";

const messages = [{ role: "user", content: "hi" }];

describe.skipIf(noEngine)(`two hosts (${noEngine ?? "real engines"})`, () => {
  let alpha: ModelHost;
  let beta: Awaited<ReturnType<typeof addModelHost>>;
  beforeAll(async () => {
    alpha = await startModelHost({ models: ["shared", "only-alpha"] });
    beta = await addModelHost(alpha.product, "beta", { models: ["shared", "only-beta"] });
  }, 120_000);
  afterAll(async () => {
    await beta?.stop();
    await alpha?.stop();
  });

  const chat = async (model: string, more: object = {}) => {
    const answer = await fetch(`${alpha.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${alpha.key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages, max_tokens: 2, ...more }),
    });
    return { status: answer.status, host: answer.headers.get("x-farhand-host"), text: await answer.text() };
  };
  const loaded = (host: string, is: boolean) =>
    serviceIs(alpha.product, host, "ollama", ({ models }) => models.some(({ id, loaded: own }) => id === "shared:latest" && own === is));

  it("a model's name finds its host", async () => {
    await until("both are known", async () => (await chat("only-beta")).status === 200);
    expect(await chat("only-beta")).toMatchObject({ status: 200, host: "beta" });
    expect(await chat("only-alpha")).toMatchObject({ status: 200, host: "alpha" });
  });

  it("a pin decides, and the server does not see it", async () => {
    expect(await chat("shared@beta")).toMatchObject({ status: 200, host: "beta" });
    expect(JSON.parse((await beta.engine.seen("/v1/chat/completions")).at(-1)!.body)).toMatchObject({ model: "shared" });
    expect((await chat("only-alpha@beta")).status).toBe(404);
    expect((await chat("shared@nowhere")).status).toBe(404);
  });

  it("the host that has it in memory goes first", async () => {
    await loaded("beta", true);
    await loaded("alpha", false);
    // Asked without loading it anywhere.
    await until("the edge knows", async () => {
      const body = JSON.stringify({ model: "shared" });
      const answer = await fetch(`${alpha.url}/api/show`, { method: "POST", headers: { authorization: `Bearer ${alpha.key}` }, body });
      await answer.arrayBuffer();
      return answer.headers.get("x-farhand-host") === "beta";
    });
    for (let round = 0; round < 5; round++) expect((await chat("shared")).host).toBe("beta");
  });

  it("an unknown model is 404 with those that there are", async () => {
    const { status, text } = await chat("nope");
    expect(status).toBe(404);
    expect(text).toMatch(/only-alpha/);
  });

  it("another host answers when one server is down, as long as no byte was sent", async () => {
    await beta.engine.stop();
    for (let round = 0; round < 5; round++) expect(await chat("shared")).toMatchObject({ status: 200, host: "alpha" });
    const down = await chat("only-beta");
    expect(down.status).toBe(502);
    expect(JSON.parse(down.text)).toMatchObject({ error: { code: "upstream_unreachable" } });
    const { status, body } = await json<{ healthy?: boolean }>(alpha.product, "GET", "/api/v1/hosts/beta");
    expect([status, body]).toMatchObject([200, { online: true }]);
    await serviceIs(alpha.product, "beta", "ollama", ({ healthy, detail }) => !healthy && detail.startsWith("Ollama was not reached"));
  });

  it("does not begin again elsewhere once an answer has begun", async () => {
    await alpha.engine.behave({ break_after: 2 });
    const answer = await fetch(`${alpha.url}/api/chat`, {
      method: "POST",
      headers: { authorization: `Bearer ${alpha.key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "shared", messages }),
    });
    let text = "";
    const decoder = new TextDecoder();
    const read = (async () => {
      for await (const piece of answer.body!) text += decoder.decode(piece, { stream: true });
    })();
    await expect(read).rejects.toThrow();
    expect(text.trim().split("\n")).toHaveLength(3);
    expect(text).toContain('{"error":"The model server broke off its answer."}');
  });
});
