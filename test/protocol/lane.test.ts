// Wire literals of a lane's open, head, hello, welcome and terminal messages, in both directions, and hostile input.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeHead,
  decodeOpen,
  encodeHead,
  LANE_HEARTBEAT,
  LANE_HELLO_CONTEXT,
  laneHelloBodySchema,
  laneWelcomeSchema,
  terminalMessageSchema,
  type Head,
  type Open,
} from "../../protocol/link/lane.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { hostileRuns } from "./hostile.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (value: string) => new TextEncoder().encode(value);
const asked = '"principal":"key:1","request_id":"r","detach_ms":30000';

const OPENS: readonly [string, Open, string][] = [
  [
    "http",
    {
      kind: "http",
      service: "lmstudio",
      method: "POST",
      path: "/v1/chat/completions?x=%2F",
      headers: [["content-type", "application/json"]],
      dialect: "openai",
      model: "qwen/qwen2.5",
      manage: false,
      principal: "key:1",
      request_id: "r",
      detach_ms: 30_000,
    },
    `{"kind":"http","service":"lmstudio","method":"POST","path":"/v1/chat/completions?x=%2F","headers":[["content-type","application/json"]],"dialect":"openai","model":"qwen/qwen2.5","manage":false,${asked}}`,
  ],
  [
    "socket",
    { kind: "socket", service: "live", path: "/ws", headers: [], principal: "key:1", request_id: "r", detach_ms: 30_000 },
    `{"kind":"socket","service":"live","path":"/ws","headers":[],${asked}}`,
  ],
  [
    "terminal",
    { kind: "terminal", terminal: null, mode: "write", columns: 80, rows: 24, principal: "key:1", request_id: "r", detach_ms: 30_000 },
    `{"kind":"terminal","terminal":null,"mode":"write","columns":80,"rows":24,${asked}}`,
  ],
];

const HEADS: readonly [string, Head, string][] = [
  [
    "an upstream's",
    {
      status: 200,
      headers: [
        ["x-a", "b"],
        ["x-a", "c"],
      ],
    },
    '{"status":200,"headers":[["x-a","b"],["x-a","c"]]}',
  ],
  [
    "a refusal",
    { status: 502, headers: [], error: { code: "UPSTREAM_UNREACHABLE", message: "no", retry_after_ms: 5 } },
    '{"status":502,"headers":[],"error":{"code":"UPSTREAM_UNREACHABLE","message":"no","retry_after_ms":5}}',
  ],
];

describe("an open", () => {
  it.each(OPENS)("of kind %s is this on the wire, and comes back", (_, open, literal) => {
    expect(text(encodeHead(open))).toBe(literal);
    expect(decodeOpen(bytes(literal))).toEqual(open);
  });

  const [, , http] = OPENS[0]!;
  it.each([
    ["another kind", http.replace('"http"', '"tcp"')],
    ["a field of its own", http.replace("{", '{"x":1,')],
    ["a method that does not pass", http.replace('"POST"', '"CONNECT"')],
    ["a path with a space", http.replace("/v1/chat", "/v1 chat")],
    ["a path with a line break", http.replace("/v1/chat", "/v1\\r\\nchat")],
    ["a path of another host", http.replace('"/v1', '"http://x/v1')],
    ["a header's name in capitals", http.replace("content-type", "Content-Type")],
    ["a header with a line break", http.replace("application/json", "a\\r\\nx: y")],
    ["a name of a service that cannot be", http.replace("lmstudio", "LM Studio")],
    ["a model that pins", http.replace("qwen/qwen2.5", "qwen@host")],
    ["a longer life than there is", http.replace("30000", "30001")],
    ["no JSON", "{"],
    ["no UTF-8", "\u{0}"],
  ])("with %s is refused", (_, literal) => {
    expect(decodeOpen(bytes(literal))).toHaveProperty("error_in");
  });

  it("with too many headers, or larger than a head may be, is refused", () => {
    const many = { ...OPENS[0]![1], headers: Array.from({ length: LIMITS.headersPerHead + 1 }, (_, i) => [`x-${i}`, ""]) };
    expect(decodeOpen(bytes(JSON.stringify(many)))).toHaveProperty("error_in");
    expect(decodeOpen(bytes(JSON.stringify(OPENS[0]![1]).padEnd(LIMITS.headBytes + 1)))).toEqual({ error_in: "too large" });
    expect(decodeOpen(new Uint8Array([0xff, 0xfe]))).toEqual({ error_in: "not JSON" });
  });
});

describe("a head", () => {
  it.each(HEADS)("%s is this on the wire, and comes back", (_, head, literal) => {
    expect(text(encodeHead(head))).toBe(literal);
    expect(decodeHead(bytes(literal))).toEqual(head);
  });

  it.each([
    ['{"status":100,"headers":[]}', "a status below 101"],
    ['{"status":600,"headers":[]}', "a status above 599"],
    ['{"status":200.5,"headers":[]}', "a status that is no integer"],
    ['{"status":200,"headers":[["a"]]}', "half a header"],
    ['{"status":200,"headers":[["a","\\u0000"]]}', "a header with a NUL"],
    ['{"status":200,"headers":{}}', "headers that are no list"],
    ['{"status":200}', "no headers"],
  ])("%s is refused: %s", (literal) => {
    expect(decodeHead(bytes(literal))).toHaveProperty("error_in");
  });

  it("survives hostile bytes: a head or an error, never an exception", () => {
    const damaged = fc
      .tuple(
        fc.constantFrom(...OPENS, ...HEADS),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
        fc.nat(),
      )
      .map(([[, , literal], edits, cut]) => {
        const copy = bytes(literal);
        for (const [at, value] of edits) copy[at % copy.length] = value;
        return cut % 3 === 0 ? copy.slice(0, cut % copy.length) : copy;
      });
    const json = fc.json().map(bytes);
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), json, damaged), (message) => {
        for (const decoded of [decodeOpen(message), decodeHead(message)]) {
          if ("error_in" in decoded) expect(decoded.error_in.length).toBeGreaterThan(0);
          else if ("headers" in decoded) for (const [, value] of decoded.headers) expect(value).not.toMatch(/[\0\r\n]/);
        }
      }),
      { numRuns: hostileRuns },
    );
  });
});

describe("the handshake", () => {
  it("has words of its own, so that no signature or heartbeat of one socket serves another", () => {
    expect(LANE_HELLO_CONTEXT).toBe("farhand lane hello v1");
    expect(LANE_HEARTBEAT).toEqual({ request: "farhand-lane-ping", response: "farhand-lane-pong" });
  });

  it("hello and welcome are these, and nothing more", () => {
    const hello = {
      version: 1,
      relay_version: "0.1.0",
      host_number: 3,
      lane: 1,
      nonce: "bm9uY2U=",
      epoch: 5,
      channels: [{ channel: 9, received: 7 }],
    };
    const welcome = { type: "welcome", epoch: 5, lane: 1, complete: false, channels: [9] };
    expect(laneHelloBodySchema.parse(hello)).toEqual(hello);
    expect(laneWelcomeSchema.parse(welcome)).toEqual(welcome);
    for (const wrong of [{ lane: 0 }, { lane: LIMITS.lanes + 1 }, { epoch: 0 }, { x: 1 }, { channels: [0] }]) {
      expect(laneHelloBodySchema.safeParse({ ...hello, ...wrong }).success).toBe(false);
      expect(laneWelcomeSchema.safeParse({ ...welcome, ...wrong }).success).toBe(false);
    }
  });
});

describe("messages of a terminal", () => {
  it.each([
    '{"type":"resize","columns":80,"rows":24}',
    '{"type":"shown","bytes":12}',
    '{"type":"take"}',
    '{"type":"state","terminal":"t","title":"sh","columns":80,"rows":24,"writer":true,"viewers":2,"reset":false}',
    '{"type":"ended","reason":"exit"}',
  ])("%s comes back as it is", (literal) => {
    expect(JSON.stringify(terminalMessageSchema.parse(JSON.parse(literal)))).toBe(literal);
  });

  it.each([
    '{"type":"resize","columns":1,"rows":24}',
    `{"type":"resize","columns":${LIMITS.terminalColumns + 1},"rows":24}`,
    '{"type":"shown","bytes":-1}',
    '{"type":"take","x":1}',
    '{"type":"type","text":"x"}',
    "null",
  ])("%s is refused", (literal) => {
    expect(terminalMessageSchema.safeParse(JSON.parse(literal)).success).toBe(false);
  });
});
