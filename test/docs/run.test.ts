// Runs the snippets of docs/ as they stand there, against the product with a real engine.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { havePackage } from "../debian.ts";
import { noEngine } from "../fixtures/engine.ts";
import { haveRequests, MODEL, startDocsRig, type DocsRig, type Ran } from "./rig.ts";
import { snippet } from "./snippets.ts";
import type { RUN } from "./run-list.ts";

let rig: DocsRig;
let shenron: Server;
const asked: string[] = [];

/** The three routes that the page uses, with its shapes (docs/services.md). */
function fakeShenron(): Server {
  return createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const json = (status: number, value: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (request.url === "/health") json(200, { status: "operational" });
    else if (request.url === "/api/shenron/grant-wish") request.resume().on("end", () => json(202, { job_id: "wish-7", status: "queued" }));
    else json(200, { job_id: request.url?.split("/").at(-1), status: "running", progress: 10 });
  });
}

describe.skipIf(noEngine)("a snippet", () => {
  beforeAll(async () => {
    shenron = fakeShenron();
    await new Promise<void>((resolve) => shenron.listen(0, "127.0.0.1", resolve));
    const { port } = shenron.address() as AddressInfo;
    rig = await startDocsRig(
      `[services.shenron]\nkind = "http"\nurl = "http://127.0.0.1:${port}"\nroutes = ["GET /health", "POST /api/shenron/grant-wish", "GET /api/shenron/job-status/*"]\n`,
    );
  }, 120_000);
  afterAll(async () => {
    await rig?.stop();
    shenron?.close();
  }, 60_000);

  const run = async (name: (typeof RUN)[number], more?: Record<string, string>): Promise<Ran> => {
    const ran = await rig.run(snippet(name), more);
    expect(ran.code, `${name}: ${ran.stderr}\n${ran.stdout}`).toBe(0);
    return ran;
  };

  it("sets address and key", async () => {
    await run("environment");
  });

  it("asks the default model in the ingest contract's words", async () => {
    const { stdout } = await run("ingest");
    expect(JSON.parse(stdout)).toMatchObject({ model: MODEL, done: true, text: expect.any(String) as string });
  });

  it("lists models and streams a chat with curl, in both dialects", async () => {
    const { stdout } = await run("curl");
    expect(stdout).toContain(`"id":"${MODEL}"`);
    expect(stdout).toContain("data: [DONE]");
    const lines = (await run("curl-ollama")).stdout.trim().split("\n");
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ model: MODEL, done: true });
  });

  it("lists models and asks one with the CLI", async () => {
    expect((await run("cli")).stdout).toContain(MODEL);
  });

  it("makes keys, and shows what was used", async () => {
    expect((await run("keys")).stdout).toMatch(/^fh_/);
    const { stdout } = await run("service-key");
    const me = await fetch(`${rig.product.ready.url}/hosts/vm100/services/shenron/health`, {
      headers: { authorization: `Bearer ${stdout.trim()}` },
    });
    expect(me.status).toBe(200);
    expect((await run("usage")).code).toBe(0);
  });

  it("makes a wish", async () => {
    asked.length = 0;
    const { stdout } = await run("shenron");
    expect(stdout).toContain('"status":"operational"');
    expect(stdout).toContain('"progress":10');
    expect(asked).toEqual(["GET /health", "POST /api/shenron/grant-wish", "GET /api/shenron/job-status/wish-7"]);
  });

  it.skipIf(!haveRequests())("in Python asks with `requests`, with and without Access headers, and runs a job", async () => {
    await run("python-requests");
    expect((await run("python-access")).stdout).toContain("data: [DONE]");
    expect((await run("python-job")).stdout.trim()).toBe(`succeeded ${hostname()}`);
  });

  it.each(["js-openai", "js-ai", "js-langchain", "js-ollama"] as const)("%s gets an answer", async (name) => {
    await run(name);
  });

  it.skipIf(!havePackage("jq"))("of the workflow runs a job and waits, and fails where the job does", async () => {
    expect((await run("github-actions")).stdout).toContain(hostname());
    const failing = snippet("github-actions");
    const text = failing.text.replace('"name": "hostname"', '"name": "no-such-command"');
    const ran = await rig.run({ ...failing, text }, { GITHUB_RUN_ID: "another" });
    expect(ran.code).not.toBe(0);
  });
});
