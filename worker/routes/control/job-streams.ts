// What a job says while it runs: its events, live or resumed, and the bytes of its output.
import type { Job } from "../../../protocol/api/shapes.ts";
import { AppError, unwrap } from "../../../protocol/errors.ts";
import type { StreamName } from "../../../protocol/link/records.ts";
import { identify } from "../../auth/authenticate.ts";
import { authorise } from "../../auth/authorize.ts";
import { snapshotCacheOf } from "../../auth/snapshot.ts";
import { ROUTES } from "../../../protocol/api/routes.ts";
import { fleetOf, hostObject } from "../../fleet/objects.ts";
import { accessOf, type Call, type Handlers } from "../call.ts";
import { problem, stream } from "../respond.ts";
import { reading } from "../rpc.ts";
import { findJob } from "./jobs.ts";
import { guarded } from "./guarded-stream.ts";

const EVENT_ID = /^[A-Za-z0-9._:-]{1,128}$/;

export const jobStreamHandlers: Pick<Handlers, "jobEvents" | "jobOutput"> = {
  async jobEvents(call) {
    const { headers, signal } = call.request;
    const after = headers.get("last-event-id");
    if (after !== null && !EVENT_ID.test(after))
      throw new AppError("BODY_INVALID", { errors: [{ pointer: "/headers/last-event-id", message: "is not an id of an event" }] });
    const head = { "content-type": "text/event-stream", "x-accel-buffering": "no" };
    if (call.request.method === "HEAD") {
      unwrap(await findJob(call.env, accessOf(call).target));
      return stream(call.requestId, 200, null, head);
    }
    const format = (headers.get("accept") ?? "").includes("application/x-ndjson") ? "ndjson" : "sse";
    const events = await openEvents(call, after, format);
    const body = guarded(events, signal, reader(call));
    return stream(call.requestId, 200, body, { ...head, ...(format === "ndjson" ? { "content-type": "application/x-ndjson" } : {}) });
  },

  async jobOutput(call) {
    const { target } = accessOf(call);
    if (target.kind !== "job") throw noOutput(unwrap(await findJob(call.env, target)));
    const range = rangeIn(call.request.headers);
    const { stream: name, offset } = call.query;
    if (range?.kind === "suffix") return suffix(call, target, name, range.length);
    const from = range?.from ?? offset;
    return outputAnswer(call, target, name, from, range?.end ?? null, range !== null);
  },
};

/** Of a parent that the caller may see. */
const noOutput = (parent: Job) =>
  new AppError("JOB_NOT_FOUND", { detail: `The job ${parent.id} runs on several hosts: its children have the output.` });

function openEvents(call: Call<"jobEvents">, after: string | null, format: "sse" | "ndjson") {
  const { target } = accessOf(call);
  if (target.kind === "parent") return reading(() => fleetOf(call.env).parentEvents(target.id, after, format, target.visible)).then(unwrap);
  if (target.kind !== "job") throw new AppError("INTERNAL");
  return reading(() => hostObject(call.env, target.hostNumber).events(target.id, after, format, target.visibility)).then(unwrap);
}

/**
 * Asked every few seconds while a stream is open. Fails closed. Rights that only changed are judged by the job's own object,
 * which alone knows its operation.
 */
function reader(call: Call<"jobEvents">): () => Promise<boolean> {
  const { proofs, target } = accessOf(call);
  let judged = JSON.stringify(target);
  return async () => {
    try {
      const state = await snapshotCacheOf(call.env).usable(call.env, call.ctx);
      const now = authorise(ROUTES.jobEvents.rule, identify(proofs, state, call.settings), state, call.params);
      if (JSON.stringify(now) === judged) return true;
      if (!(await findJob(call.env, now)).ok) return false;
      judged = JSON.stringify(now);
      return true;
    } catch {
      return false;
    }
  };
}

type Range = { kind: "from"; from: number; end: number | null } | { kind: "suffix"; length: number };

/** One range of bytes; several, or another unit, are ignored as RFC 9110 allows. */
function rangeIn(headers: Headers): Range | null {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.get("range") ?? "");
  const [first, last] = [found?.[1] ?? "", found?.[2] ?? ""];
  if (first === "" && last === "") return null;
  if (first === "") return { kind: "suffix", length: Number(last) };
  if (last !== "" && Number(last) < Number(first)) return null;
  return { kind: "from", from: Number(first), end: last === "" ? null : Number(last) + 1 };
}

type JobTarget = { readonly id: string; readonly hostNumber: number; readonly visibility: readonly (readonly string[])[] };

async function outputAnswer(
  call: Call<"jobOutput">,
  target: JobTarget,
  name: StreamName,
  from: number,
  end: number | null,
  isRange: boolean,
): Promise<Response> {
  const outcome = await reading(() => hostObject(call.env, target.hostNumber).output(target.id, name, from, end, target.visibility));
  if (!outcome.ok && outcome.code === "RANGE_INVALID" && isRange) return notSatisfiable(call.requestId, await totalOf(call, target, name));
  const { body, total, to } = unwrap(outcome);
  if (isRange && from >= total) {
    await body.cancel();
    return notSatisfiable(call.requestId, total);
  }
  const headers: Record<string, string> = { "content-type": "application/octet-stream", "accept-ranges": "bytes" };
  if (isRange) headers["content-range"] = `bytes ${from}-${to - 1}/${total}`;
  return stream(call.requestId, isRange ? 206 : 200, body, headers);
}

/** The last bytes: how many there are is asked first. */
async function suffix(call: Call<"jobOutput">, target: JobTarget, name: StreamName, length: number): Promise<Response> {
  const total = await totalOf(call, target, name);
  if (length === 0 || total === 0) return notSatisfiable(call.requestId, total);
  return outputAnswer(call, target, name, Math.max(0, total - length), total, true);
}

async function totalOf(call: Call<"jobOutput">, target: JobTarget, name: StreamName): Promise<number> {
  const { output } = unwrap(await findJob(call.env, { kind: "job", ...target }));
  return name === "stdout" ? output.stdout_bytes : output.stderr_bytes;
}

const notSatisfiable = (requestId: string, total: number) =>
  problem(requestId, "RANGE_INVALID", { detail: `The output has ${total} bytes so far.` }, { "content-range": `bytes */${total}` });
