// Counting and its traces: the field that is put into a request, the event that is taken out of the answer again byte for byte,
// and the numbers found in every dialect's last words.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HeaderList, OpenOf } from "../../../protocol/link/lane.ts";
import { usageRowSchema } from "../../../protocol/link/control.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { modelTaps } from "../../../relay/proxy/model-tap.ts";
import type { BodyTap, ExchangeEnd } from "../../../relay/proxy/tap.ts";
import { askForUsage } from "../../../relay/proxy/usage-ask.ts";
import { UsageCounts } from "../../../relay/proxy/usage-counts.ts";
import { UsageStrip } from "../../../relay/proxy/usage-strip.ts";
import { AnswerEdges } from "../../../relay/proxy/usage-tokens.ts";

const asking = (text: string) => askForUsage(Buffer.from(text))?.toString() ?? null;

describe("asking for usage", () => {
  it("puts the field in and leaves every other byte", () => {
    expect(asking('{"model":"m", "stream" : true }')).toBe('{"stream_options":{"include_usage":true},"model":"m", "stream" : true }');
    expect(asking(' \n{"stream":true}\n')).toBe(' \n{"stream_options":{"include_usage":true},"stream":true}\n');
  });

  it("keeps other options and replaces a refusal", () => {
    expect(asking('{"stream":true,"stream_options":{"include_usage":false,"x":[1]},"z":"ü"}')).toBe(
      '{"stream":true,"stream_options":{"include_usage":true,"x":[1]},"z":"ü"}',
    );
    expect(asking('{"stream":true,"stream_options":null}')).toBe('{"stream":true,"stream_options":{"include_usage":true}}');
  });

  it.each([
    ["does not stream", '{"model":"m","messages":[{"content":"\\"stream\\":true"}]}'],
    ["says so", '{"stream":false}'],
    ["asks already", '{"stream":true,"stream_options":{"include_usage":true}}'],
    ["has options of another type", '{"stream":true,"stream_options":"x"}'],
    ["streams only in a nested object", '{"a":{"stream":true}}'],
    ["is cut off", '{"stream":true,"messages":[{"content":"abc'],
    ["is no object", "[true]"],
    ["has a word behind it", '{"stream":true} x'],
    ["takes its word back", '{"stream":true,"stream":false}'],
  ])("leaves a body alone that %s", (_, text) => expect(asking(text)).toBeNull());

  it("reads keys with escapes", () => {
    expect(asking('{"str\\u0065am":true}')).toBe('{"stream_options":{"include_usage":true},"str\\u0065am":true}');
  });

  it("agrees with JSON.parse on any object", () => {
    const key = fc.oneof(fc.constantFrom("stream", "stream_options", "model"), fc.string());
    const value = fc.oneof(fc.boolean(), fc.constantFrom({ include_usage: true }, { include_usage: false }, null), fc.jsonValue());
    fc.assert(
      fc.property(fc.dictionary(key, value), fc.constantFrom(0, 1, 2), (body, indent) => {
        const text = JSON.stringify(body, null, indent);
        const asked = asking(text);
        const plain = JSON.parse(text) as Record<string, unknown>;
        if (asked === null) return plain["stream"] !== true || plain["stream_options"] !== undefined;
        const options: object = plain["stream_options"] ?? {};
        expect(JSON.parse(asked)).toEqual({ ...plain, stream_options: { ...options, include_usage: true } });
        return true;
      }),
      { numRuns: 2_000 },
    );
  });
});

const head = '{"id":"c","object":"chat.completion.chunk","created":1,"model":"m"';
const token = (text: string, more = "") => `data: ${head},"choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}}}]${more}}`;
const usageOnly = `data: ${head},"choices": [ ],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}`;

function stripped(pieces: readonly Uint8Array[]): string {
  const strip = new UsageStrip();
  const out = pieces.map((piece) => Buffer.from(strip.push(piece)));
  return Buffer.concat([...out, strip.end()]).toString("latin1");
}

const cutAt = (bytes: Buffer, ...places: number[]) =>
  [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));

describe.each([
  ["LF", "\n"],
  ["CRLF", "\r\n"],
])("taking the usage event out, lines that end with %s", (_, line) => {
  const blank = line + line;
  const before = [token("Grüße 🦙"), `: ping`, token('it says \\"usage\\":{} and "choices":[]')].join(blank) + blank;
  const after = `data: [DONE]${blank}`;
  const whole = Buffer.from(`${before}${usageOnly}${blank}${after}`);
  const wanted = Buffer.from(before + after).toString("latin1");

  it("leaves the same bytes wherever the stream is cut", () => {
    for (let at = 0; at <= whole.length; at++) expect(stripped(cutAt(whole, at)), `cut at ${at}`).toBe(wanted);
  });

  it("leaves the same bytes one by one", () => {
    expect(stripped([...whole].map((byte) => Uint8Array.of(byte)))).toBe(wanted);
  });

  it("passes usage that comes with content, in every chunk or as null", () => {
    const kept = [
      token("a", ',"usage":null'),
      token("b", ',"usage":{"prompt_tokens":1,"completion_tokens":1}'),
      `data: ${head},"choices":[],"prompt_filter_results":[]}`,
      `data: ${head},"choices":[],"usage":null}`,
      token("", ',"usage":{"prompt_tokens":1,"completion_tokens":2}'),
      "data: [DONE]",
      "",
    ].join(blank);
    const bytes = Buffer.from(kept);
    for (let at = 0; at <= bytes.length; at++) expect(stripped(cutAt(bytes, at))).toBe(kept);
  });

  it("keeps an end without a blank line", () => {
    const bytes = Buffer.from(`${before}${usageOnly}${blank}data: half`);
    expect(stripped([bytes])).toBe(`${Buffer.from(before).toString("latin1")}data: half`);
  });
});

describe("the stripper", () => {
  it("passes whole events as the very same bytes, without a copy", () => {
    const bytes = Buffer.from(`${token("a")}\n\n${token("b")}\n\n`);
    const out = new UsageStrip().push(bytes);
    expect(out.buffer).toBe(bytes.buffer);
    expect(out.length).toBe(bytes.length);
  });

  it("does not hold an event that is too long to be usage", () => {
    const strip = new UsageStrip();
    const long = Buffer.from(`data: {"x":"${"y".repeat(8 * 1024 * 1024)}`);
    let passed = 0;
    for (let at = 0; at < long.length; at += 64 * 1024) passed += strip.push(long.subarray(at, at + 64 * 1024)).length;
    expect(long.length - passed).toBeLessThanOrEqual(64 * 1024);
    const rest = Buffer.from(`"}\n\n${usageOnly}\n\ndata: [DONE]\n\n`);
    expect(
      Buffer.concat([strip.push(rest), strip.end()])
        .toString()
        .endsWith('"}\n\ndata: [DONE]\n\n'),
    ).toBe(true);
  });

  it("gives back any bytes that hold no usage, however cut", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
        expect(stripped(pieces)).toBe(Buffer.concat(pieces).toString("latin1"));
      }),
      { numRuns: 2_000 },
    );
    const lines = fc.constantFrom("\n", "\r", "\r\n", "data: x", ": c", token("a"), '"usage"', "\n\n");
    fc.assert(
      fc.property(fc.array(lines), fc.nat(), (parts, cut) => {
        const bytes = Buffer.from(parts.join(""));
        expect(stripped(cutAt(bytes, cut % (bytes.length + 1)))).toBe(bytes.toString("latin1"));
      }),
      { numRuns: 2_000 },
    );
  });
});

function tokensOf(shape: "openai" | "ollama" | "lmstudio", text: string, size = 1000) {
  const edges = new AnswerEdges();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) edges.push(bytes.subarray(at, at + size));
  return edges.tokens(shape);
}

describe("token counts", () => {
  const stream = Array.from({ length: 500 }, (_, index) => token(`w${index}`, ',"usage":null')).join("\n\n");

  it.each([
    ["an OpenAI stream", "openai", `${stream}\n\n${usageOnly}\n\ndata: [DONE]\n\n`, { input: 7, output: 2 }],
    [
      "the last content chunk",
      "openai",
      `${stream}\n\n${token("", ',"usage":{"prompt_tokens":3,"completion_tokens":4}')}\n\n`,
      { input: 3, output: 4 },
    ],
    [
      "a whole answer",
      "openai",
      `{"choices":[{"message":{"content":"${"x".repeat(50_000)}"}}],"usage":{"prompt_tokens":1,"completion_tokens":5}}`,
      { input: 1, output: 5 },
    ],
    [
      "counts before vectors",
      "openai",
      `{"usage":{"prompt_tokens":9,"total_tokens":9},"data":[${"0.1,".repeat(50_000)}0]}`,
      { input: 9, output: 0 },
    ],
    [
      "vectors before counts",
      "openai",
      `{"data":[${"0.1,".repeat(50_000)}0],"usage":{"prompt_tokens":9,"total_tokens":9}}`,
      { input: 9, output: 0 },
    ],
    [
      "a responses event",
      "openai",
      `data: {"response":{"output":[{"text":"${"y".repeat(40_000)}"}],"usage":{"input_tokens":2,"input_tokens_details":{"cached_tokens":0},"output_tokens":8},"tools":[{"properties":{"usage":{"type":"object"}}}]}}\n\n`,
      { input: 2, output: 8 },
    ],
    [
      "an Ollama stream",
      "ollama",
      `{"response":"a","done":false}\n{"done":true,"context":[${"1,".repeat(40_000)}1],"prompt_eval_count":26,"eval_count":298,"eval_duration":4}\n`,
      { input: 26, output: 298 },
    ],
    ["a cached Ollama prompt", "ollama", '{"done":true,"eval_count":3}\n', { input: 0, output: 3 }],
    ["an Ollama embedding", "ollama", `{"embeddings":[[${"0.5,".repeat(9_000)}1]],"prompt_eval_count":4}`, { input: 4, output: 0 }],
    [
      "LM Studio's chat.end",
      "lmstudio",
      'event: chat.end\ndata: {"result":{"stats":{"input_tokens":11,"total_output_tokens":12,"tokens_per_second":1.5}}}\n\n',
      { input: 11, output: 12 },
    ],
    ["nothing", "openai", `${stream}\n\ndata: [DONE]\n\n`, null],
    ["a text that talks of it", "openai", JSON.stringify({ content: '"usage":{"prompt_tokens":5,"completion_tokens":5}' }), null],
    ["numbers that are none", "openai", '{"usage":{"prompt_tokens":-4,"completion_tokens":1e300}}', null],
    ["a broken tail", "openai", '{"usage":{"prompt_tokens":4,', null],
  ] as const)("are found in %s", (_, shape, text, wanted) => {
    for (const size of [1, 7, 1000, text.length]) expect(tokensOf(shape, text, size)).toEqual(wanted);
  });

  it("keep no more than two edges of an answer", () => {
    const edges = new AnswerEdges();
    for (let round = 0; round < 1000; round++) edges.push(Buffer.alloc(64 * 1024));
    edges.push(Buffer.from('{"usage":{"prompt_tokens":1,"completion_tokens":1}}'));
    expect(edges.tokens("openai")).toEqual({ input: 1, output: 1 });
  });
});

function open(path: string, headers: HeaderList = [], more: Partial<OpenOf<"http">> = {}): OpenOf<"http"> {
  return {
    kind: "http",
    service: "s",
    method: "POST",
    path,
    headers,
    dialect: "openai",
    model: "m",
    manage: false,
    principal: "key:a",
    request_id: "r",
    detach_ms: 0,
    ...more,
  };
}

const feed = (tap: BodyTap | null, text: string): string => {
  const out = [tap?.push(Buffer.from(text)) ?? null, tap?.end() ?? null].map((bytes) => Buffer.from(bytes ?? []).toString());
  return tap?.changes ? out.join("") : text;
};

/** One exchange through a tap; what upstream and client saw of it. */
function exchange(
  counts: UsageCounts,
  ask: OpenOf<"http">,
  body: string,
  answer: { type: string; text: string; status?: number },
  end: ExchangeEnd = "complete",
) {
  const tap = modelTaps(counts)(ask);
  tap?.headers?.([]);
  const sent = feed(tap?.request ?? null, body);
  const answering = tap?.answer(answer.status ?? 200, [["content-type", answer.type]]) ?? null;
  let got = "";
  if (end === "complete") got = feed(answering, answer.text);
  else {
    const passed = answering?.push(Buffer.from(answer.text));
    got = (answering?.changes ? Buffer.from(passed ?? []).toString() : answer.text) + Buffer.from(answering?.broken?.() ?? []).toString();
  }
  tap?.ended(end);
  return { sent, got };
}

describe("one exchange", () => {
  const events = `${token("a")}\n\n`;
  const sse = "text/event-stream";

  it("is asked for usage, counted, and shows nothing of it", () => {
    const counts = new UsageCounts();
    const answer = { type: sse, text: `${events}${usageOnly}\n\ndata: [DONE]\n\n` };
    const { sent, got } = exchange(counts, open("/v1/chat/completions"), '{"stream":true}', answer);
    expect(JSON.parse(sent)).toEqual({ stream: true, stream_options: { include_usage: true } });
    expect(got).toBe(`${events}data: [DONE]\n\n`);
    expect(counts.take(10)).toEqual([
      { principal: "key:a", surface: "openai", model: "m", requests: 1, aborted: 0, input_tokens: 7, output_tokens: 2 },
    ]);
    expect(counts.take(10)).toEqual([]);
  });

  it("shows the event to a client that asked", () => {
    const counts = new UsageCounts();
    const answer = { type: sse, text: `${events}${usageOnly}\n\ndata: [DONE]\n\n` };
    const body = '{"stream":true,"stream_options":{"include_usage":true}}';
    expect(exchange(counts, open("/v1/chat/completions"), body, answer)).toEqual({ sent: body, got: answer.text });
    expect(counts.take(10)).toMatchObject([{ input_tokens: 7, output_tokens: 2 }]);
  });

  it("passes a body that is too large to be held, and one whose length is not known", () => {
    const large: HeaderList = [["content-length", String(LIMITS.modelScanBytes + 1)]];
    expect(modelTaps(new UsageCounts())(open("/v1/chat/completions", large))?.request).toBeNull();
    const { request } = modelTaps(new UsageCounts())(open("/v1/chat/completions"))!;
    let passed = 0;
    for (let round = 0; round < 33; round++) passed += request!.push(Buffer.alloc(64 * 1024))?.length ?? 0;
    expect(passed).toBe(33 * 64 * 1024);
    expect(request!.end()).toBeNull();
  });

  it("counts a cut answer as aborted, without tokens, and says so in the dialect's words", () => {
    const counts = new UsageCounts();
    const cut = exchange(counts, open("/v1/chat/completions"), '{"stream":true}', { type: sse, text: `${events}data: {"ha` }, "broken");
    expect(cut.got.startsWith(`${events}data: {"ha\n\ndata: {"error":{`)).toBe(true);
    expect(cut.got.endsWith("}}\n\n")).toBe(true);
    const ollama = open("/api/chat", [], { dialect: "ollama" });
    const lines = exchange(counts, ollama, "{}", { type: "application/x-ndjson", text: '{"done":false}\n{"do' }, "broken").got.split("\n");
    expect(lines.slice(0, 2)).toEqual(['{"done":false}', '{"do']);
    expect(JSON.parse(lines[2]!)).toEqual({ error: "The model server broke off its answer." });
    const whole = exchange(counts, open("/v1/chat/completions"), "{}", { type: "application/json", text: '{"cho' }, "broken");
    expect(whole.got).toBe('{"cho');
    expect(counts.take(10)).toMatchObject([
      { surface: "openai", requests: 2, aborted: 2, output_tokens: 0 },
      { surface: "ollama", requests: 1, aborted: 1 },
    ]);
  });

  it("is not asked again where the server refuses the question", () => {
    const taps = modelTaps(new UsageCounts());
    const sent = (status: number, text: string) => {
      const tap = taps(open("/v1/chat/completions"))!;
      const request = feed(tap.request, '{"stream":true}');
      feed(tap.answer(status, [["content-type", "application/json"]]), text);
      tap.ended("complete");
      return request;
    };
    expect(sent(400, '{"error":{"message":"messages is missing"}}')).toContain("include_usage");
    expect(sent(422, '{"detail":[{"loc":["body","stream_options"],"msg":"extra fields not permitted"}]}')).toContain("include_usage");
    expect(sent(200, "{}")).toBe('{"stream":true}');
  });

  it("does not count refusals, or what reached no upstream", () => {
    const counts = new UsageCounts();
    exchange(counts, open("/v1/chat/completions"), "{}", { type: "application/json", text: "{}", status: 404 });
    modelTaps(counts)(open("/v1/chat/completions"))?.ended("broken");
    modelTaps(counts)(open("/v1/chat/completions"))?.ended("cancelled");
    expect(counts.take(10)).toEqual([]);
  });

  it("counts a service's exchange under the model that its answer names, however the path is written", () => {
    const counts = new UsageCounts();
    const ask = open("/v1/%63hat/completions?x", [], { dialect: "http", model: null });
    exchange(counts, ask, "{}", { type: "application/json", text: '{"model":"q","usage":{"prompt_tokens":1,"completion_tokens":1}}' });
    expect(counts.take(10)).toMatchObject([{ surface: "service", model: "q", input_tokens: 1 }]);
  });

  it("looks at nothing else", () => {
    const taps = modelTaps(new UsageCounts());
    expect(taps(open("/v1/models", [], { method: "GET" }))).toBeNull();
    expect(taps(open("/api/pull"))).toBeNull();
    expect(taps(open("/constructor"))).toBeNull();
  });
});

describe("sums", () => {
  const use = { surface: "openai", tokens: { input: 1, output: 1 }, aborted: false } as const;

  it("stay what a report may hold, whatever a server says", () => {
    const counts = new UsageCounts();
    const absurd = { input: Number.MAX_SAFE_INTEGER, output: Number.MAX_SAFE_INTEGER };
    for (let at = 0; at < 3; at++) counts.add({ ...use, principal: "key:a", model: "m", tokens: absurd });
    counts.add({ ...use, principal: "key:a", model: "m" });
    const rows = counts.take(LIMITS.usageRows).map((row) => usageRowSchema.parse(row));
    expect(rows).toMatchObject([{ requests: 4, input_tokens: 1, output_tokens: 1 }]);
  });

  it("are bounded, and lose no request", () => {
    const counts = new UsageCounts();
    for (let at = 0; at < 20_000; at++) counts.add({ ...use, principal: `key:${at % 7_000}`, model: `m${at}` });
    const rows = Array.from({ length: 100 }, () => counts.take(LIMITS.usageRows)).flat();
    expect(rows.length).toBeLessThan(5_000);
    expect(rows.reduce((sum, row) => sum + row.requests, 0)).toBe(20_000);
  });
});
