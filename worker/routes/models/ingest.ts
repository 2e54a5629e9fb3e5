// The ingest contract: POST /api/generate without a model. `{prompt, max_tokens}` goes to a host's default model in Ollama's
// words, and the answer carries `text` beside `response`. With a model it is Ollama's own route, byte for byte.
import { AppError } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { mayUse } from "../../auth/authorize.ts";
import { inOrder, mayUseModel, offline, servicesFor, type Candidate, type ModelCandidate, type Wanted } from "../../routing/models.ts";
import { accessOf } from "../call.ts";
import { askWith, freshly, wantedOf, type AnyCall, type Asking } from "./ask.ts";
import { objectIn } from "./lists.ts";
import { namesIn } from "./names.ts";
import { takeBody, type PassedBody } from "./passed-body.ts";
import type { Plane } from "./plane.ts";

/** The body is ours, and its answer must be readable here. */
const HEADERS = new Headers({ "content-type": "application/json", accept: "application/json, application/x-ndjson" });
const INGEST = { dialect: "ollama", surface: "ingest", use: "model.use" } as const;

export async function generate(call: AnyCall, plane: Plane, asking: Asking): Promise<Response> {
  const body = await takeBody(call.request, asking.keys);
  const names = namesIn(body, call.request.headers, asking.keys);
  // Of a second name, or one in another case, nobody knows whether the server would take it for the model.
  const isIngest = names.model === null && body.names?.isAmbiguous === false && body.rest === null;
  if (!isIngest) return askWith(call, plane, asking, body, names);
  const [chosen] = await freshly(call, () => defaults(wantedOf(accessOf(call), INGEST, names.pin), plane));
  const { bytes, isStream } = translated(body, chosen!.model.id);
  const head: PassedBody = { head: bytes, rest: null, length: bytes.length, names: null };
  const choose = () => [chosen!];
  const response = await askWith(call, plane, { ...asking, ...INGEST, choose, headers: HEADERS }, head, { ...names, edits: [] });
  if (!response.ok) return response;
  return isStream ? withTextInLines(response) : withText(response);
}

/** Services with a default model that the caller may use here, best first. */
function defaults(wanted: Wanted, plane: Plane): ModelCandidate[] {
  const declared = servicesFor(wanted).flatMap((one) => defaultOf(wanted, one));
  const there = inOrder(declared, plane.inFlight);
  if (declared.length > 0 && there.length === 0) throw offline(declared);
  if (there.length === 0)
    throw new AppError("MODEL_MISSING", { detail: "The request names no model, and no host that you may use declares a default one." });
  return there;
}

function defaultOf(wanted: Wanted, { host, service }: Candidate): ModelCandidate[] {
  const id = service.default_model;
  if (id === null || !mayUseModel(wanted, host, service, id) || !mayUse(wanted.caller, host, wanted.use)) return [];
  const known = service.models.find((model) => model.id === id);
  return [{ host, service, model: known ?? { id, loaded: null, context_length: null, kind: null } }];
}

const invalid = (pointer: string, message: string) =>
  new AppError("BODY_INVALID", { detail: `${pointer} ${message}.`, errors: [{ pointer, message }] });

function translated(body: PassedBody, model: string): { bytes: Uint8Array; isStream: boolean } {
  const { max_tokens: maxTokens, stream, options, ...given } = parsed(body.head);
  if (typeof given["prompt"] !== "string") throw invalid("/prompt", "must be text");
  if (maxTokens != null && !(Number.isInteger(maxTokens) && (maxTokens as number) > 0))
    throw invalid("/max_tokens", "must be a whole number from 1");
  const asked = {
    ...given,
    model,
    stream: stream === true,
    options: { ...(typeof options === "object" ? options : {}), ...(maxTokens == null ? {} : { num_predict: maxTokens }) },
  };
  return { bytes: new TextEncoder().encode(JSON.stringify(asked)), isStream: stream === true };
}

/** At most LIMITS.modelScanBytes, and the scanner has seen that it is one object. */
function parsed(bytes: Uint8Array): Record<string, unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch (cause) {
    throw new AppError("BODY_NOT_JSON", {}, { cause });
  }
}

const textAdded = (value: Record<string, unknown>) =>
  typeof value["response"] === "string" ? { ...value, text: value["response"] } : value;

function headersOf(response: Response): Headers {
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return headers;
}

async function withText(response: Response): Promise<Response> {
  const headers = headersOf(response);
  const value = await objectIn(response);
  if (!value) throw new AppError("UPSTREAM_FAILED");
  return new Response(JSON.stringify(textAdded(value)), { status: response.status, headers });
}

/** A line that is no object passes as it is. */
function line(text: string): string {
  try {
    return JSON.stringify(textAdded(JSON.parse(text) as Record<string, unknown>));
  } catch {
    return text;
  }
}

function withTextInLines(response: Response): Response {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let rest = "";
  const lines = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, controller) {
      const parts = (rest + decoder.decode(piece, { stream: true })).split("\n");
      rest = parts.pop()!;
      if (rest.length > LIMITS.modelScanBytes) throw new AppError("UPSTREAM_FAILED");
      if (parts.length > 0) controller.enqueue(encoder.encode(`${parts.map(line).join("\n")}\n`));
    },
    flush(controller) {
      rest += decoder.decode();
      if (rest !== "") controller.enqueue(encoder.encode(line(rest)));
    },
  });
  return new Response(response.body?.pipeThrough(lines) ?? null, { status: response.status, headers: headersOf(response) });
}
