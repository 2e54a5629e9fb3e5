// The stand-ins that other tests trust: the model's bytes, the engine's guard, and the upstream without a model.
import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { UpstreamStats } from "../../bench/upstream.ts";
import { noEngine, startEngine } from "../../fixtures/engine.ts";
import { startFakeLmStudio } from "../../fixtures/fake-lmstudio.ts";
import { tinyGguf } from "../../fixtures/tiny-gguf.ts";

it("the tiny model is the same bytes each time", () => {
  const [first, second] = [tinyGguf(), tinyGguf()];
  expect(first.subarray(0, 4).toString()).toBe("GGUF");
  expect(first.equals(second)).toBe(true);
});

/** fetch sets Host and Origin itself. */
const statusOf = (url: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    http.get(`${url}/api/tags`, { headers }, (answer) => resolve(answer.resume().statusCode)).on("error", reject);
  });

describe.skipIf(noEngine)(`the engine (${noEngine ?? "real"})`, () => {
  it("refuses foreign hosts and origins, as Ollama on loopback does", async () => {
    const engine = await startEngine();
    try {
      expect(await statusOf(engine.url, {})).toBe(200);
      expect(await statusOf(engine.url, { host: "localhost:11434", origin: "http://localhost:3000" })).toBe(200);
      expect(await statusOf(engine.url, { host: "farhand.example" })).toBe(403);
      expect(await statusOf(engine.url, { origin: "https://farhand.example" })).toBe(403);
      expect(await statusOf(engine.url, { origin: "null" })).toBe(403);
    } finally {
      await engine.stop();
    }
  });
});

it("the fake LM Studio answers 200 to what it does not know", async () => {
  const fake = await startFakeLmStudio();
  const answer = await fetch(`${fake.url}/api/v9/nothing`);
  expect([answer.status, await answer.text()]).toMatchObject([200, expect.stringContaining("Returning 200 anyway") as string]);
  await fake.close();
});

describe("the upstream without a model", () => {
  it("says what it is asked to, and counts who left in which phase", async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "../../bench/upstream.ts")], { stdio: ["pipe", "pipe", "inherit"] });
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const { url } = JSON.parse(line) as { url: string };
    const ask = (body: object, signal?: AbortSignal) =>
      fetch(`${url}/v1/chat/completions`, { method: "POST", body: JSON.stringify(body), ...(signal ? { signal } : {}) });
    const text = await (await ask({ stream: true, max_tokens: 40, stream_options: { include_usage: true } })).text();
    const events = text.split("\n\n").filter(Boolean);
    expect(events).toHaveLength(44);
    expect(events.slice(1, 41).every((event) => event.length === 198)).toBe(true);
    expect(JSON.parse(events[42]!.slice(6))).toMatchObject({ choices: [], usage: { completion_tokens: 40 } });
    await expect(ask({ stream: true, max_tokens: 50, break_after: 5 }).then((answer) => answer.text())).rejects.toThrow();
    const stop = new AbortController();
    const waiting = ask({ prefill_ms: 600_000, tag: "mine" }, stop.signal).catch(() => null);
    const stats = async () => (await (await fetch(`${url}/stats`)).json()) as UpstreamStats;
    while ((await stats()).requests < 3) await new Promise(setImmediate);
    while ((await stats()).body_bytes < 150) await new Promise(setImmediate);
    stop.abort();
    await waiting;
    let seen = await stats();
    for (const end = Date.now() + 10_000; seen.open > 0 && Date.now() < end;) seen = await stats();
    expect(seen).toMatchObject({ requests: 3, open: 0, aborts: [{ phase: "answer" }, { tag: "mine", phase: "prefill" }] });
    child.stdin.end();
    await once(child, "close");
  });
});
