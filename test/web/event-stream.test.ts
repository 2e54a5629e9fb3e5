// Server-sent events in whatever pieces they come (WHATWG HTML 9.2), and an answer of a model from them.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SseReader } from "../../web/api/event-stream.ts";
import { deltaOf, toldMessages } from "../../web/chat/completion.ts";

const WHOLE =
  ': hello\n\nid: 1\nevent: log\ndata: {"text":"ä€😀"}\n\nid: 2\r\nevent: log\r\ndata: a\r\ndata:b\r\n\r\n: \n\ndata\n\nevent: lost\n\nid: 3\rdata: last\r\r\n';
const EVENTS = [
  { id: "1", event: "log", data: '{"text":"ä€😀"}' },
  { id: "2", event: "log", data: "a\nb" },
  { id: "2", event: "message", data: "" },
  { id: "3", event: "message", data: "last" },
];

describe("a reader of events", () => {
  it("gives the same, wherever the pieces end", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: WHOLE.length }), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), WHOLE.length];
        const reader = new SseReader();
        expect(at.slice(1).flatMap((end, index) => reader.feed(WHOLE.slice(at[index], end)))).toEqual(EVENTS);
      }),
    );
  });

  it("gives up on an event without an end", () => {
    const reader = new SseReader();
    expect(() => {
      for (let i = 0; i < 100; i++) reader.feed("x".repeat(100_000));
    }).toThrow("too large");
    const lines = new SseReader();
    expect(() => {
      for (let i = 0; i < 100; i++) lines.feed(`data: ${"x".repeat(100_000)}\n`);
    }).toThrow("too large");
  });
});

describe("a piece of an answer", () => {
  it("is text, thoughts, a count or the end", () => {
    expect(deltaOf('{"choices":[{"delta":{"content":"Hi"}}]}')).toEqual({ text: "Hi", reasoning: "", tokens: null, isEnd: false });
    expect(deltaOf('{"choices":[{"delta":{"reasoning_content":"hm"},"finish_reason":null}]}')).toMatchObject({
      reasoning: "hm",
      isEnd: false,
    });
    expect(deltaOf('{"choices":[{"delta":{},"finish_reason":"stop"}]}')).toMatchObject({ isEnd: true });
    expect(deltaOf('{"choices":[],"usage":{"completion_tokens":7}}')).toMatchObject({ tokens: 7, isEnd: false });
    expect(deltaOf("[DONE]")).toMatchObject({ isEnd: true });
  });

  it("may be the server's error", () => {
    expect(() => deltaOf('{"error":{"message":"out of memory"}}')).toThrow("out of memory");
  });

  it("of a failed answer is not told to the model again", () => {
    const base = { id: "x", state: "done" } as const;
    expect(
      toldMessages([
        { ...base, role: "user", text: "a" },
        { ...base, role: "assistant", text: "half", state: "failed" },
        { ...base, role: "assistant", text: "", state: "stopped" },
        { ...base, role: "assistant", text: "part", state: "stopped" },
      ]),
    ).toEqual([
      { role: "user", content: "a" },
      { role: "assistant", content: "part" },
    ]);
  });
});
