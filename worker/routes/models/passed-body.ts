// A request body of the model plane: its beginning is held and scanned for names, the rest streams on as it comes. Changes
// no byte but those of an edit. Never parsed.
import { AppError } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { KeyScanner } from "../../routing/scan.ts";

export interface PassedBody {
  /** All of it, or at least the first LIMITS.modelScanBytes. */
  readonly head: Uint8Array;
  /** What follows the head; null: nothing, so that the body may be sent again. */
  readonly rest: ReadableStreamDefaultReader<Uint8Array> | null;
  /** Of the whole, when the request says so or it was read to its end. */
  readonly length: number | null;
  /** Has seen the head. Null: the body is encoded and cannot be looked into. */
  readonly names: KeyScanner | null;
}

/** Bytes of the head to replace. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

/** What is asked of a body that streams on: `check` after each piece and once at its end, and may throw an AppError. */
export type Watch = (isEnd: boolean) => void;

const EMPTY = new Uint8Array(0);

/** Throws AppError: too large, not a JSON object. `keys` are those that name models; none: the body is not looked into. */
export async function takeBody(request: Request, keys: readonly string[]): Promise<PassedBody> {
  const declared = Number(request.headers.get("content-length") ?? NaN);
  if (declared > LIMITS.passedBodyBytes) throw new AppError("PASSED_BODY_TOO_LARGE");
  // Also when the caller goes away in the middle: that is no fault of ours.
  const { head, rest } = await readHead(request, declared).catch((cause: unknown) => {
    throw new AppError("BODY_NOT_JSON", {}, { cause });
  });
  const length = rest === null ? head.length : Number.isNaN(declared) ? null : declared;
  if (keys.length === 0) return { head, rest, length, names: null };
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity" && encoding !== "") return { head, rest, length, names: null };
  const names = new KeyScanner(keys);
  names.push(head);
  if (names.state === "broken" || (rest === null && names.state !== "ended")) throw new AppError("BODY_NOT_JSON");
  return { head, rest, length, names };
}

async function readHead(request: Request, declared: number): Promise<Pick<PassedBody, "head" | "rest">> {
  if (declared <= LIMITS.modelScanBytes) return { head: new Uint8Array(await request.arrayBuffer()), rest: null };
  if (request.body === null) return { head: EMPTY, rest: null };
  const reader = request.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const pieces: Uint8Array[] = [];
  for (let length = 0; length < LIMITS.modelScanBytes;) {
    const { done, value } = await reader.read();
    if (done) return { head: Buffer.concat(pieces), rest: null };
    pieces.push(value);
    length += value.length;
  }
  return { head: Buffer.concat(pieces), rest: reader };
}

/** The head with its edits; they do not overlap. */
export function edited(head: Uint8Array, edits: readonly Edit[]): Uint8Array {
  if (edits.length === 0) return head;
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { start, end, bytes } of edits.toSorted((a, b) => a.start - b.start)) {
    parts.push(head.subarray(from, start), bytes);
    from = end;
  }
  parts.push(head.subarray(from));
  return Buffer.concat(parts);
}

/** What the exchange gets. A body that grows over the limit, that `watch` refuses, or whose client goes, breaks off: `onFault` is told why, first. */
export function sendable(
  body: PassedBody,
  edits: readonly Edit[],
  watch: Watch | null,
  onFault: (error: unknown) => void,
): { body: Uint8Array | ReadableStream<Uint8Array> | null; contentLength: number | null } {
  const head = edited(body.head, edits);
  const grown = head.length - body.head.length;
  const contentLength = body.length === null ? null : body.length + grown;
  if (body.rest === null) return { body: head.length === 0 ? null : head, contentLength };
  return { body: joined(head, body.rest, body.names, watch, onFault), contentLength };
}

function joined(
  head: Uint8Array,
  rest: ReadableStreamDefaultReader<Uint8Array>,
  names: KeyScanner | null,
  watch: Watch | null,
  onFault: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  let sent = 0;
  const next = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const { done, value } = sent === 0 ? { done: false, value: head } : await rest.read();
    if (watch && value && sent > 0) names?.push(value);
    sent += value?.length ?? 0;
    if (sent > LIMITS.passedBodyBytes) throw new AppError("PASSED_BODY_TOO_LARGE");
    watch?.(done);
    if (done) controller.close();
    else controller.enqueue(value);
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          await next(controller);
        } catch (error) {
          onFault(error);
          void rest.cancel(error).catch(() => {});
          controller.error(error);
        }
      },
      cancel: (reason) => rest.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
