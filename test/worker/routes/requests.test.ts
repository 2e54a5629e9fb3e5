// What requests may carry: bodies, headers, bounds. Every refusal is a problem document that points at the fault and repeats
// no value.
import { beforeAll, describe, expect, it } from "vitest";
import { problemSchema } from "../../../protocol/api/shapes.ts";
import { ERRORS, type ErrorCode } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { Edge, type Asked } from "./edge.ts";
import { enrol } from "./enrolled.ts";

const edge = new Edge();
const PATH = "/api/v1/hosts/asked/jobs";
const exec = (more: Record<string, unknown> = {}) => ({ operation: "command.exec", resource_spec: { argv: ["true"] }, ...more });

beforeAll(async () => {
  await enrol(edge, "asked");
});

function isProblem(answer: Asked, code: ErrorCode): void {
  const problem = problemSchema.parse(answer.body);
  expect(problem).toMatchObject({ code, status: ERRORS[code].status, type: `urn:farhand:error:${code}`, remedy: ERRORS[code].remedy });
  expect(answer.status).toBe(ERRORS[code].status);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(problem.request_id).toBe(answer.headers.get("x-request-id"));
}

const pointers = (answer: Asked) => (answer.body["errors"] as { pointer: string }[]).map((error) => error.pointer);

describe("a body", () => {
  it.each<[string, unknown, ErrorCode]>([
    ["is not JSON", "{", "BODY_NOT_JSON"],
    ["is empty", "", "BODY_NOT_JSON"],
    ["is an array", [], "BODY_NOT_JSON"],
    ["is null", "null", "BODY_NOT_JSON"],
    ["names an unknown operation", { operation: "vm.fly" }, "OPERATION_UNKNOWN"],
    ["names a property of objects", { operation: "constructor" }, "BODY_INVALID"],
    ["wants a plan of what cannot be planned", exec({ metadata: { plan: true } }), "PLAN_UNSUPPORTED"],
  ])("that %s is refused", async (_name, body, code) => {
    isProblem(await edge.post(PATH, body), code);
  });

  it.each<[string, unknown, string[]]>([
    ["without operation", {}, ["/operation"]],
    ["unknown fields", exec({ extra: 1 }), ["/extra"]],
    [
      "the edge's own metadata",
      exec({ metadata: { job_id: "x", requested_by: "key:admin" } }),
      ["/metadata/job_id", "/metadata/requested_by"],
    ],
    ["a faulty specification", exec({ resource_spec: { argv: [], shell: true } }), ["/resource_spec/argv", "/resource_spec/shell"]],
    ["a broken rule", exec({ resource_spec: { argv: [""] } }), ["/resource_spec/argv/0"]],
    ["a time-out above the bound", { operation: "host.info", metadata: { timeout_ms: 30_001 } }, ["/metadata/timeout_ms"]],
    ["NUL in an argument", exec({ resource_spec: { argv: ["a\0b"] } }), ["/resource_spec/argv/0"]],
    ["a slash in a key", exec({ resource_spec: { argv: ["a"], env: { "A/B~": "x" } } }), ["/resource_spec/env/A~1B~0"]],
  ])("with %s: pointers say where", async (_name, body, expected) => {
    const answer = await edge.post(PATH, body);
    isProblem(answer, "BODY_INVALID");
    expect(pointers(answer)).toEqual(expected);
  });

  it("is bounded while it is read, with and without a length", async () => {
    const big = JSON.stringify(exec({ correlation_id: "x".repeat(LIMITS.requestBodyBytes) }));
    isProblem(await edge.post(PATH, big), "BODY_TOO_LARGE");
    isProblem(await edge.post(PATH, big, { headers: { "content-length": String(big.length) } }), "BODY_TOO_LARGE");
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    isProblem(await edge.post(PATH, endless), "BODY_TOO_LARGE");
    expect(sent).toBeLessThan(4 * LIMITS.requestBodyBytes);
  });

  it("that is no UTF-8 is refused rather than changed", async () => {
    const bytes = Buffer.concat([Buffer.from('{"operation":"host.info","correlation_id":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    isProblem(await edge.post(PATH, bytes), "BODY_NOT_JSON");
  });

  it("is never repeated in a refusal", async () => {
    const canary = "canary-5f1c";
    const bodies = [
      exec({ resource_spec: { argv: [canary, `${canary}\0`], env: { TOKEN: canary }, stdin: 5 } }),
      exec({ resource_spec: { argv: ["a"], env: { TOKEN: `${canary}\0` } } }),
      exec({ resource_spec: { argv: ["a"], stdin: canary.repeat(20_000) } }),
      exec({ correlation_id: `${canary} x` }),
    ];
    for (const body of bodies) {
      const answer = await edge.post(PATH, body);
      isProblem(answer, "BODY_INVALID");
      expect(JSON.stringify(answer.body)).not.toContain(canary);
    }
    const key = await edge.post("/api/v1/keys", { name: "x", grants: [{ role: "root" }], import: `${canary} with blanks in it` });
    isProblem(key, "BODY_INVALID");
    expect(JSON.stringify(key.body)).not.toContain(canary);
  });
});

describe("a query", () => {
  it.each([
    ["/api/v1/hosts?limit=0", "/query/limit"],
    [`/api/v1/hosts?limit=${LIMITS.pageItems + 1}`, "/query/limit"],
    ["/api/v1/hosts?limit=x", "/query/limit"],
    ["/api/v1/hosts?limit=1&limit=2", "/query/limit"],
    ["/api/v1/hosts?unknown=1", "/query/unknown"],
    ["/api/v1/jobs?status=done", "/query/status"],
    ["/api/v1/jobs?since=yesterday", "/query/since"],
    ["/api/v1/jobs?cursor=x", "/query/cursor"],
    ["/api/v1/keys?cursor=x", "/query/cursor"],
  ])("%s points at its fault", async (path, pointer) => {
    const answer = await edge.get(path);
    isProblem(answer, "BODY_INVALID");
    expect(pointers(answer)).toEqual([pointer]);
  });

  it("sets the time-to-live and the plan of a submission", async () => {
    const made = await edge.post(`${PATH}?ttl_ms=60000`, { operation: "host.info" });
    const [queued, expires] = [made.body["queued_at"], made.body["expires_at"]].map((at) => Date.parse(String(at)));
    expect(expires! - queued!).toBe(60_000);
    isProblem(await edge.post(`${PATH}?plan=true`, { operation: "host.info" }), "PLAN_UNSUPPORTED");
    isProblem(await edge.post(`${PATH}?ttl_ms=${LIMITS.jobTtlMaxMs + 1}`, { operation: "host.info" }), "BODY_INVALID");
  });
});

describe("headers", () => {
  const submit = (headers: Record<string, string>, body: unknown = { operation: "host.info" }) => edge.post(PATH, body, { headers });

  it("Idempotency-Key: the same job again, another request refused, faulty keys refused", async () => {
    const headers = { "idempotency-key": "key one" };
    const first = await submit(headers);
    expect(await submit(headers)).toMatchObject({ status: 202, body: { id: first.body.id } });
    isProblem(await submit(headers, exec()), "IDEMPOTENCY_MISMATCH");
    for (const key of ["", "x".repeat(256), "schlüssel"]) {
      const answer = await submit({ "idempotency-key": key });
      isProblem(answer, "BODY_INVALID");
      expect(pointers(answer)).toEqual(["/headers/idempotency-key"]);
    }
    expect(await submit({ "idempotency-key": "x".repeat(255) })).toMatchObject({ status: 202 });
  });

  it.each([
    ["wait=0", "wait=0"],
    ["respond-async, wait=0", "wait=0"],
    ['wait="0"', "wait=0"],
    ["wait=-1", null],
    ["wait=soon", null],
    ["handling=strict", null],
  ])("Prefer: %s is answered with %s", async (prefer, applied) => {
    const answer = await submit({ prefer });
    expect(answer.status).toBe(202);
    expect(answer.headers.get("preference-applied")).toBe(applied);
  });
});

describe("a call", () => {
  const call = (body: unknown) => edge.post("/api/v1/hosts/asked/calls", body);
  it("is of a read operation, and at once refused when the host is not there", async () => {
    isProblem(await call({ operation: "host.info" }), "HOST_OFFLINE");
    isProblem(await call({ operation: "command.run", resource_spec: { name: "x" } }), "OPERATION_NOT_A_CALL");
    const answer = await call({ operation: "host.processes", resource_spec: { limit: 1_000 } });
    isProblem(answer, "BODY_INVALID");
    expect(pointers(answer)).toEqual(["/resource_spec/limit"]);
  });
});
