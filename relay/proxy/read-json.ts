// One small question to an upstream, for looking at what it offers: bounded in time and size, answered with JSON or in words.
import type { HeaderList } from "../../protocol/link/lane.ts";
import { whyUnreachable, type Upstream } from "./upstream.ts";

export type Answer = { readonly status: number; readonly value: unknown } | { readonly why: string };

const DEADLINE_MS = 8_000;
const MAX_BYTES = 8 * 1024 * 1024;

/** GET, or POST with a body. `value` is undefined where the answer is no JSON. Never throws. */
export function readJson(upstream: Upstream, path: string, body?: unknown, deadlineMs: number = DEADLINE_MS): Promise<Answer> {
  if (upstream.unusable !== null) return Promise.resolve({ why: upstream.unusable });
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const content = body === undefined ? null : Buffer.from(JSON.stringify(body));
  const headers: HeaderList = [["accept", "application/json"]];
  if (content) headers.push(["content-type", "application/json"], ["content-length", String(content.length)]);
  const request = upstream.request({ method: content ? "POST" : "GET", path, headers });
  const fail = (why: string) => {
    resolve({ why });
    request.destroy();
  };
  const timer = setTimeout(() => fail(`it did not answer within ${deadlineMs / 1000} s`), deadlineMs);
  request.on("error", (error) => fail(whyUnreachable(error)));
  request.on("close", () => {
    clearTimeout(timer);
    resolve({ why: "it closed the connection without an answer" });
  });
  request.on("response", (response) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    response.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes > MAX_BYTES) fail("its answer is too large");
      else parts.push(part);
    });
    response.on("error", () => fail("it broke off its answer"));
    response.on("end", () => resolve({ status: response.statusCode ?? 0, value: parse(Buffer.concat(parts)) }));
  });
  request.end(content ?? undefined);
  return promise;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
