// Reading and validating what a request carries. Bounded while it is read; messages name the expectation, never the value.
import type * as z from "zod";
import { AppError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { fieldErrors } from "../../protocol/operations/define.ts";

/** Fatal: bytes that are not UTF-8 would reach a host as other text than was sent. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
const JSON_TYPE = /^application\/json *(;.*)?$/i;
const MAX = LIMITS.requestBodyBytes;

async function readJson(request: Request): Promise<unknown> {
  if (!JSON_TYPE.test(request.headers.get("content-type") ?? "")) throw new AppError("MEDIA_TYPE_UNSUPPORTED");
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(await readBytes(request)));
  } catch (cause) {
    // Also when the caller went away in the middle: that is no fault of ours.
    throw cause instanceof AppError ? cause : new AppError("BODY_NOT_JSON", {}, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new AppError("BODY_NOT_JSON");
  return value;
}

/** A declared length is held by the platform, so only a body without one is counted piece by piece. */
async function readBytes(request: Request): Promise<Uint8Array> {
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > MAX) throw new AppError("BODY_TOO_LARGE");
  if (declared !== null) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (bytes.length > MAX) throw new AppError("BODY_TOO_LARGE");
    return bytes;
  }
  return request.body === null ? new Uint8Array(0) : readPieces(request.body);
}

async function readPieces(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = body.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(pieces);
    length += value.length;
    if (length > MAX) {
      await reader.cancel();
      throw new AppError("BODY_TOO_LARGE");
    }
    pieces.push(value);
  }
}

const takesNothing = new WeakMap<z.ZodType, boolean>();

function mayBeAbsent(schema: z.ZodType): boolean {
  let known = takesNothing.get(schema);
  if (known === undefined) takesNothing.set(schema, (known = schema.safeParse({}).success));
  return known;
}

/** The body by its schema. None at all is `{}` where the schema takes that: `curl -X POST …/start`. */
export async function readBody<S extends z.ZodType>(schema: S, request: Request): Promise<z.output<S>> {
  const isNone = !request.headers.has("content-type") && mayBeAbsent(schema) && (await readBytes(request)).length === 0;
  return validBody(schema, isNone ? {} : await readJson(request));
}

function validBody<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError("BODY_INVALID", { errors: fieldErrors(parsed.error) });
}

/** Pointers of a query's faults begin with `/query`. A name that comes twice is a fault. */
export function validQuery<S extends z.ZodType>(schema: S, url: string): z.output<S> {
  const at = url.indexOf("?");
  // Without a prototype, so that no name is special.
  const values = Object.create(null) as Record<string, string>;
  if (at !== -1)
    for (const [name, value] of new URLSearchParams(url.slice(at + 1))) {
      if (Object.hasOwn(values, name))
        throw new AppError("BODY_INVALID", { errors: [{ pointer: `/query/${name}`, message: "comes twice" }] });
      values[name] = value;
    }
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new AppError("BODY_INVALID", { errors: fieldErrors(parsed.error, "/query") });
}
