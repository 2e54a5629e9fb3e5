// Wire literals of the control messages, in both directions, and hostile input.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEdgeMessage, parseHelloBody, parseRelayMessage, type EdgeMessage, type RelayMessage } from "../../protocol/link/control.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { hostileRuns } from "./hostile.ts";

const ID = "01JD0000000000000000000000";
const H64 = "0".repeat(64);

const EDGE: [EdgeMessage, string][] = [
  [{ type: "challenge", nonce: "AAAA", epoch: 7, versions: [1] }, '{"type":"challenge","nonce":"AAAA","epoch":7,"versions":[1]}'],
  [
    {
      type: "welcome",
      host: "vm100",
      epoch: 7,
      lane: 0,
      jobs: [{ job_id: ID, channel: 4, offset: 10, stdout_offset: 3, stderr_offset: 0, cancel: false }],
      gone: [ID],
    },
    `{"type":"welcome","host":"vm100","epoch":7,"lane":0,"jobs":[{"job_id":"${ID}","channel":4,"offset":10,"stdout_offset":3,"stderr_offset":0,"cancel":false}],"gone":["${ID}"]}`,
  ],
  [
    { type: "refused", code: "LINK_VERSION_UNSUPPORTED", message: "update", retry_after_ms: 1 },
    '{"type":"refused","code":"LINK_VERSION_UNSUPPORTED","message":"update","retry_after_ms":1}',
  ],
  [
    { type: "job", job_id: ID, channel: 4, expires_in_ms: 900000, salt: H64, payload_hash: H64, payload: "{}" },
    `{"type":"job","job_id":"${ID}","channel":4,"expires_in_ms":900000,"salt":"${H64}","payload_hash":"${H64}","payload":"{}"}`,
  ],
  [{ type: "cancel", job_id: ID }, `{"type":"cancel","job_id":"${ID}"}`],
  [
    { type: "call", call_id: 1, operation: "host.info", resource_spec: {}, timeout_ms: 5, correlation_id: "c" },
    '{"type":"call","call_id":1,"operation":"host.info","resource_spec":{},"timeout_ms":5,"correlation_id":"c"}',
  ],
  [
    { type: "spool", request: 3, job_id: ID, stream: "stderr", offset: 0, length: 10 },
    `{"type":"spool","request":3,"job_id":"${ID}","stream":"stderr","offset":0,"length":10}`,
  ],
  [{ type: "probe_answer", id: 2 }, '{"type":"probe_answer","id":2}'],
];

const RELAY: [RelayMessage, string][] = [
  [{ type: "hello", body: "{}", signature: "AA==" }, '{"type":"hello","body":"{}","signature":"AA=="}'],
  [
    { type: "not_claimed", job_id: ID, code: "QUEUE_FULL", message: "busy", retry_after_ms: 10 },
    `{"type":"not_claimed","job_id":"${ID}","code":"QUEUE_FULL","message":"busy","retry_after_ms":10}`,
  ],
  [
    { type: "call_result", call_id: 1, result: { status: "success", message: "ok", logs: [], correlation_id: "c" } },
    '{"type":"call_result","call_id":1,"result":{"status":"success","message":"ok","logs":[],"correlation_id":"c"}}',
  ],
  [
    {
      type: "catalogue",
      labels: ["gpu"],
      slots: 8,
      catalogue: { operations: ["host.info"], drivers: [], commands: {}, services: [], terminals: false, lanes: 0, virtual: null },
    },
    '{"type":"catalogue","labels":["gpu"],"slots":8,"catalogue":{"operations":["host.info"],"drivers":[],"commands":{},"services":[],"terminals":false,"lanes":0,"virtual":null}}',
  ],
  [{ type: "probe", id: 2 }, '{"type":"probe","id":2}'],
  [{ type: "draining" }, '{"type":"draining"}'],
];

describe("control messages", () => {
  it.each(EDGE)("edge: %j", (message, literal) => {
    expect(JSON.stringify(message)).toBe(literal);
    expect(parseEdgeMessage(literal)).toEqual(message);
  });

  it.each(RELAY)("relay: %j", (message, literal) => {
    expect(JSON.stringify(message)).toBe(literal);
    expect(parseRelayMessage(literal)).toEqual(message);
  });

  it("has a literal for every message there is", () => {
    expect(new Set(EDGE.map(([message]) => message.type)).size).toBe(8);
    expect(new Set(RELAY.map(([message]) => message.type)).size).toBe(6);
  });

  it.each([
    ["not JSON", "{"],
    ["an unknown type", '{"type":"shell"}'],
    ["an unknown field", '{"type":"probe","id":1,"extra":1}'],
    ["a prototype", '{"type":"__proto__"}'],
    ["a fractional offset", `{"type":"spool","request":3,"job_id":"${ID}","stream":"stdout","offset":0.5,"length":10}`],
    ["an array", "[]"],
    ["null", "null"],
    ["too much", `"${"x".repeat(LIMITS.controlMessageBytes)}"`],
  ])("refuses %s on both sides", (_name, text) => {
    expect(parseEdgeMessage(text)).toHaveProperty("error");
    expect(parseRelayMessage(text.replace('"probe"', '"probes"'))).toHaveProperty("error");
    expect(parseHelloBody(text)).toHaveProperty("error");
  });

  it("survives hostile text: an answer or an error, never an exception", () => {
    const literals = [...EDGE, ...RELAY].map(([, literal]) => literal);
    const damaged = fc.tuple(fc.constantFrom(...literals), fc.nat(), fc.string({ maxLength: 8 })).map(([text, at, insert]) => {
      const where = at % text.length;
      return text.slice(0, where) + insert + text.slice(where + (at % 3));
    });
    const hostile = fc.oneof(fc.json({ maxDepth: 4 }), damaged, fc.string({ maxLength: 60 }));
    fc.assert(
      fc.property(hostile, (text) => {
        parseEdgeMessage(text);
        parseRelayMessage(text);
        parseHelloBody(text);
      }),
      { numRuns: hostileRuns },
    );
  });

  it("stays within bounded memory over all of it", () => {
    global.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 20_000; i++) parseRelayMessage(`{"type":"probe","id":${i}}`);
    global.gc?.();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  });
});
