// `farhand run`: a call or a job on a host, shown live to its end.
import type { Job } from "../protocol/api/shapes.ts";
import type { JobResult } from "../protocol/envelope.ts";
import type { Client } from "./client.ts";
import { explain, exitOf, follow } from "./follow.ts";
import { fields, jsonText, plain, print, printJson } from "./output.ts";
import { readRunRequest, type RunRequest } from "./run-request.ts";
import { segment, withEdge } from "./session.ts";
import { submitOnce } from "./submit.ts";
import type { Input } from "./verb.ts";

/** Data of a result for people: a line for each value, JSON where it is nested. */
function shown(data: unknown): string {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return jsonText(data);
  return fields(
    Object.entries(data).map(([name, value]) => [
      name,
      typeof value === "object" && value !== null ? JSON.stringify(value) : String(value),
    ]),
  );
}

async function call(client: Client, host: string, request: RunRequest, json: boolean): Promise<void> {
  const body = { operation: request.operation, resource_spec: request.spec };
  const { body: result } = await client.ask<JobResult>("POST", `/api/v1/hosts/${segment(host)}/calls`, { body, timeoutMs: 40_000 });
  if (json) printJson(result);
  else if (result.status === "success") print(shown(result.data));
  const status = result.status === "success" ? "succeeded" : "failed";
  if (!json && status !== "succeeded") process.stderr.write(`farhand: ${plain(explain({ status, result }))}\n`);
  process.exitCode = exitOf({ status, result });
}

async function submit(client: Client, request: RunRequest, input: Input): Promise<Job> {
  const timeout = input.durationMs("timeout");
  const { target, operation, spec } = request;
  const common = { operation, resource_spec: spec, ...(timeout === undefined ? {} : { metadata: { timeout_ms: timeout } }) };
  const [path, body] = "host" in target ? [`/api/v1/hosts/${segment(target.host)}/jobs`, common] : ["/api/v1/jobs", { ...common, target }];
  const query = { ttl_ms: input.durationMs("ttl"), plan: input.flag("plan") ? "true" : undefined };
  return await submitOnce(client, "POST", path, { body, query }, input.text("idempotency-key"));
}

export async function run(input: Input): Promise<void> {
  await withEdge(async (client) => {
    const request = await readRunRequest(client, input);
    if (request.isRead && "host" in request.target && !input.flag("detach"))
      return await call(client, request.target.host, request, input.json);
    const job = await submit(client, request, input);
    if (!input.flag("detach")) return void (await follow(client, job, input.json));
    if (input.json) printJson(job);
    else print(job.id);
  });
}
