// The whole path on real parts: HTTP → Worker in workerd → Host object → socket → relay → process, and back.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Host, Job } from "../../protocol/api/shapes.ts";
import { startProduct, type Product } from "../product.ts";
import { dataOf, ended, exec, follow, get, json, submit, textOf, until } from "./api.ts";

const TOML = `name = "e2e"
slots = 8
[allow]
operations = ["host.*", "command.*"]
[commands.greet]
description = "Says hello"
argv = ["/bin/echo", "hello", "{who}"]
[commands.greet.inputs.who]
type = "string"
pattern = "[a-z]+"
[commands.secret-length]
argv = ["/usr/bin/wc", "-c"]
stdin = "{password}"
[commands.secret-length.inputs.password]
type = "string"
secret = true
[commands.exclusive]
argv = ["/bin/sh", "-c", "date +%s%N; sleep 0.2; date +%s%N"]
lock = "one"
[command]
exec = true
`;

let product: Product;
beforeAll(async () => {
  product = await startProduct(TOML);
});
afterAll(() => product.stop());

describe("a job", () => {
  it("runs a declared command and answers with its result", async () => {
    const job = await submit(product, "command.run", { name: "greet", inputs: { who: "world" } }, 20);
    expect(job).toMatchObject({
      status: "succeeded",
      host: "e2e",
      operation: "command.run",
      requested_by: "key:admin",
      result: { status: "success", data: { exit_code: 0, stdout: "hello world\n", truncated: false } },
    });
    expect(job.result?.correlation_id).toBe(job.correlation_id);
    expect(Date.parse(job.queued_at)).toBeLessThanOrEqual(Date.parse(job.started_at!));
    expect(Date.parse(job.started_at!)).toBeLessThanOrEqual(Date.parse(job.ended_at!));
  });

  it("is answered with 202 and a Location, and found there", async () => {
    const answer = await fetch(`${product.ready.url}/api/v1/hosts/e2e/jobs`, {
      method: "POST",
      headers: { authorization: `Bearer ${product.ready.api_key}`, "content-type": "application/json" },
      body: JSON.stringify({ operation: "command.run", resource_spec: { name: "greet", inputs: { who: "you" } } }),
    });
    expect(answer.status).toBe(202);
    const job = (await answer.json()) as Job;
    expect(answer.headers.get("location")).toBe(`/api/v1/jobs/${job.id}`);
    expect((await ended(product, job.id)).status).toBe("succeeded");
  });

  it("fails with the exit code and both streams", async () => {
    const job = await exec(product, ["/bin/sh", "-c", "echo out; echo err >&2; exit 3"], 20);
    expect(job).toMatchObject({
      status: "failed",
      result: { status: "error", code: "COMMAND_FAILED", data: { exit_code: 3, stdout: "out\n", stderr: "err\n" } },
    });
  });

  it("says where a program cannot be started", async () => {
    expect(await exec(product, ["/no/such/program"], 20)).toMatchObject({ status: "failed", result: { code: "COMMAND_NOT_STARTED" } });
  });

  it("refuses an input that does not fit, with its pointer", async () => {
    const job = await submit(product, "command.run", { name: "greet", inputs: { who: "$(reboot)" } }, 20);
    expect(job.result).toMatchObject({ code: "INPUT_INVALID", data: { errors: [{ pointer: "/resource_spec/inputs/who" }] } });
    const unknown = await json(product, "POST", "/api/v1/hosts/e2e/jobs", {
      operation: "command.run",
      resource_spec: { name: "greet", inputs: { who: "x", nope: 1 } },
    });
    expect(unknown).toMatchObject({ status: 422, body: { code: "BODY_INVALID", errors: [{ pointer: "/resource_spec/inputs/nope" }] } });
  });

  it("answers the first job again for the same idempotency key, and refuses another request under it", async () => {
    const headers = { "idempotency-key": "once-1" };
    const first = await submit(product, "command.run", { name: "greet", inputs: { who: "a" } }, 20, headers);
    const again = await submit(product, "command.run", { name: "greet", inputs: { who: "a" } }, 20, headers);
    expect(again.id).toBe(first.id);
    const other = await json(
      product,
      "POST",
      "/api/v1/hosts/e2e/jobs",
      { operation: "command.run", resource_spec: { name: "greet", inputs: { who: "b" } } },
      headers,
    );
    expect(other).toMatchObject({ status: 409, body: { code: "IDEMPOTENCY_MISMATCH" } });
  });

  it("ends its whole process tree on cancel", async () => {
    const marker = `farhand-e2e-${process.pid}`;
    const job = await exec(product, [
      "/bin/sh",
      "-c",
      `echo started; setsid sleep 300.${process.pid} & sleep 301.${process.pid} & wait # ${marker}`,
    ]);
    await until("it runs", async () => (await get(product, job.id)).status === "running");
    const cancelled = await json<Job>(product, "POST", `/api/v1/jobs/${job.id}/cancel`);
    expect(cancelled.status).toBe(202);
    const end = await ended(product, job.id);
    expect(end.status).toBe("cancelled");
    expect(end.result?.code ?? end.error?.code).toBe("JOB_CANCELLED");
    const left = await exec(
      product,
      ["/bin/sh", "-c", `grep -l -a 'sleep.30[01]\\.${process.pid}' /proc/[0-9]*/cmdline 2>/dev/null | grep -v "/$$/" | wc -l`],
      20,
    );
    expect(dataOf(left).stdout.trim()).toBe("0");
  });

  it("is ended at its deadline", async () => {
    const answer = await json<Job>(
      product,
      "POST",
      "/api/v1/hosts/e2e/jobs",
      { operation: "command.exec", resource_spec: { argv: ["sleep", "60"] }, metadata: { timeout_ms: 300 } },
      { prefer: "wait=20" },
    );
    expect(answer.body).toMatchObject({ status: "failed", result: { code: "JOB_TIMED_OUT" } });
  });

  it("holds its lock alone", async () => {
    const jobs = await Promise.all([1, 2, 3].map(() => submit(product, "command.run", { name: "exclusive" }, 30)));
    const spans = jobs
      .map((job) => dataOf(job).stdout.trim().split("\n").map(BigInt) as [bigint, bigint])
      .sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [index, [start]] of spans.entries()) if (index > 0) expect(start).toBeGreaterThanOrEqual(spans[index - 1]![1]);
  });

  it("never leaves a secret in an answer or on disk", async () => {
    const canary = `canary-${crypto.randomUUID()}`;
    const job = await submit(product, "command.run", { name: "secret-length", inputs: { password: canary } }, 20);
    expect(dataOf(job).stdout.trim()).toBe(String(canary.length));
    expect(job.resource_spec).toEqual({ name: "secret-length", inputs: { password: null } });
    const job2 = await exec(product, ["/usr/bin/wc", "-c"], 20, { stdin: canary, env: { TOKEN: canary } });
    expect(job2.status).toBe("succeeded");
    const found = await exec(product, ["/bin/grep", "-rla", canary.slice(7), join(product.dir, "data")], 20);
    // grep's own job holds the text as an argument, so only files that do not belong to it count: none may hold the whole canary.
    const whole = await Promise.all(
      dataOf(found)
        .stdout.split("\n")
        .filter(Boolean)
        .map((file) => readFile(file)),
    );
    expect(whole.filter((bytes) => bytes.includes(canary))).toEqual([]);
  });
});

describe("output", () => {
  it("streams live, and resumes after each event without loss or repeat", async () => {
    const script = "for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; sleep 0.05; done; echo err >&2";
    const job = await exec(product, ["/bin/sh", "-c", script]);
    const events = await follow(product, job.id, (_event, stop) => stop());
    expect(textOf(events)).toBe(Array.from({ length: 10 }, (_, i) => `line ${i + 1}\n`).join(""));
    expect(textOf(events, "stderr")).toBe("err\n");
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(events.at(-1)).toMatchObject({ event: "result", data: { status: "succeeded" } });
    expect(events.filter(({ event }) => event === "result").length).toBe(1);
  });

  it("is kept whole in the middle by the host's spool, and read by range", async () => {
    const job = await exec(product, ["/bin/sh", "-c", "seq -w 1 1000000"], 60);
    expect(job.status).toBe("succeeded");
    expect(job.output.stdout_bytes).toBe(8_000_000);
    const path = `${product.ready.url}/api/v1/jobs/${job.id}/output?stream=stdout`;
    const headers = { authorization: `Bearer ${product.ready.api_key}` };
    const all = await (await fetch(path, { headers })).text();
    expect(all.length).toBe(8_000_000);
    expect(all === Array.from({ length: 1_000_000 }, (_, i) => `${String(i + 1).padStart(7, "0")}\n`).join("")).toBe(true);
    const part = await fetch(path, { headers: { ...headers, range: "bytes=4000000-4000015" } });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe("bytes 4000000-4000015/8000000");
    expect(await part.text()).toBe("0500001\n0500002\n");
    const beyond = await fetch(path, { headers: { ...headers, range: "bytes=9000000-" } });
    expect(beyond.status).toBe(416);
  });

  it("keeps bytes as they are", async () => {
    const job = await exec(product, ["/bin/sh", "-c", "printf '\\000\\377\\376a\\303\\251'"], 20);
    const answer = await fetch(`${product.ready.url}/api/v1/jobs/${job.id}/output`, {
      headers: { authorization: `Bearer ${product.ready.api_key}` },
    });
    expect(Buffer.from(await answer.arrayBuffer()).toString("hex")).toBe("00fffe61c3a9");
  });
});

describe("a call", () => {
  it("is answered at once, also beside long jobs", async () => {
    const long = await Promise.all(Array.from({ length: 20 }, () => exec(product, ["sleep", "2"])));
    const answer = await json<Record<string, unknown>>(product, "POST", "/api/v1/hosts/e2e/calls", { operation: "host.info" });
    expect(answer).toMatchObject({ status: 200, body: { status: "success", data: { os: "linux" } } });
    const running = await Promise.all(long.map(({ id }) => get(product, id)));
    expect(running.filter(({ status }) => status === "running" || status === "queued" || status === "delivered").length).toBeGreaterThan(0);
    await Promise.all(long.map(({ id }) => ended(product, id, 60_000)));
  });

  it("of something that changes is refused", async () => {
    expect(
      await json(product, "POST", "/api/v1/hosts/e2e/calls", { operation: "command.exec", resource_spec: { argv: ["true"] } }),
    ).toMatchObject({ status: 422, body: { code: "OPERATION_NOT_A_CALL" } });
  });
});

describe("lists", () => {
  it("show the host with what it can do", async () => {
    const { body } = await json<{ items: Host[] }>(product, "GET", "/api/v1/hosts");
    expect(body.items).toHaveLength(1);
    expect(body.items[0]).toMatchObject({
      name: "e2e",
      online: true,
      slots: 8,
      capabilities: { commands: { greet: { description: "Says hello" } } },
    });
  });

  it("of the host and of the fleet hold the same jobs, newest first, a second later", async () => {
    const own = await json<{ items: Job[]; next_cursor: string | null }>(product, "GET", "/api/v1/jobs?host=e2e&limit=5");
    expect(own.body.items).toHaveLength(5);
    expect(own.body.items.map(({ id }) => id)).toEqual(
      own.body.items
        .map(({ id }) => id)
        .sort()
        .toReversed(),
    );
    const next = await json<{ items: Job[] }>(product, "GET", `/api/v1/jobs?host=e2e&limit=5&cursor=${own.body.next_cursor}`);
    expect(next.body.items[0]!.id < own.body.items[4]!.id).toBe(true);
    await until("the index", async () => {
      const all = await json<{ items: Job[] }>(product, "GET", "/api/v1/jobs?limit=5");
      return (
        JSON.stringify(all.body.items.map(({ id, status }) => [id, status])) ===
        JSON.stringify(own.body.items.map(({ id, status }) => [id, status]))
      );
    });
  });

  it("of the audit log hold every change, in an unbroken chain", async () => {
    const { body } = await json<{ items: { object: string; seq: number; prev_hash: string; hash: string; action: string }[] }>(
      product,
      "GET",
      "/api/v1/audit?limit=200",
    );
    expect(body.items.map(({ action }) => action)).toContain("command.run");
    for (const object of new Set(body.items.map((item) => item.object))) {
      const chain = body.items.filter((item) => item.object === object).sort((a, b) => a.seq - b.seq);
      for (const [index, item] of chain.entries()) if (index > 0) expect(item.prev_hash).toBe(chain[index - 1]!.hash);
    }
  });
});

describe("a fan-out", () => {
  it("to all hosts with a label makes a parent with children", async () => {
    const answer = await json<Job>(
      product,
      "POST",
      "/api/v1/jobs",
      { target: { labels: ["LINUX"], pick: "all" }, operation: "command.run", resource_spec: { name: "greet", inputs: { who: "all" } } },
      { prefer: "wait=20" },
    );
    expect(answer).toMatchObject({
      status: 200,
      body: { host: null, status: "succeeded", children: [{ host: "e2e", status: "succeeded" }] },
    });
    const child = await get(product, answer.body.children![0]!.id);
    expect(child).toMatchObject({ parent_id: answer.body.id, status: "succeeded" });
  });

  it("to one host answers with the job there, and again under the same key", async () => {
    const ask = () =>
      json<Job>(
        product,
        "POST",
        "/api/v1/jobs",
        { target: { labels: ["linux"], pick: "one" }, operation: "command.run", resource_spec: { name: "greet", inputs: { who: "one" } } },
        { prefer: "wait=20", "idempotency-key": "fan-1" },
      );
    const [first, second] = [await ask(), await ask()];
    expect(first).toMatchObject({ status: 200, body: { host: "e2e", status: "succeeded" } });
    expect(second.body.id).toBe(first.body.id);
  });

  it("to labels that no host has is refused", async () => {
    expect(
      await json(product, "POST", "/api/v1/jobs", { target: { labels: ["mainframe"], pick: "one" }, operation: "host.info" }),
    ).toMatchObject({ status: 422, body: { code: "NO_HOST_MATCHES" } });
  });
});
