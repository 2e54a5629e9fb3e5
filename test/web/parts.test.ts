// The pure parts of screens: keys of the terminal, forms to requests, figures, what a model choice offers.
import { describe, expect, it } from "vitest";
import { choicesOf } from "../../web/chat/model-choice.tsx";
import { speedOf } from "../../web/chat/message.tsx";
import { environmentOf } from "../../web/forms/command-exec.tsx";
import { messagesAt } from "../../web/forms/contract.ts";
import { FRESH_GRANT, scopeOf } from "../../web/forms/grant.tsx";
import { linePath } from "../../web/parts/chart.tsx";
import { agoOf, durationOf, sizeOf } from "../../web/parts/format.ts";
import { ratesOf } from "../../web/screens/host-metrics.tsx";
import { bytesOfKey, withModifiers } from "../../web/terminal/keys.ts";
import { grantScopeSchema } from "../../protocol/api/shapes.ts";

const NONE = { ctrl: false, alt: false };
const CTRL = { ctrl: true, alt: false };
const ALT = { ctrl: false, alt: true };

describe("the key bar", () => {
  it("sends what xterm sends", () => {
    expect(bytesOfKey("Esc", NONE, false)).toBe("\x1b");
    expect(bytesOfKey("Up", NONE, false)).toBe("\x1b[A");
    expect(bytesOfKey("Up", NONE, true)).toBe("\x1bOA");
    expect(bytesOfKey("Left", CTRL, true)).toBe("\x1b[1;5D");
    expect(bytesOfKey("PgDn", NONE, false)).toBe("\x1b[6~");
  });

  it("holds Ctrl and Alt for the next character", () => {
    expect(withModifiers("c", CTRL)).toBe("\x03");
    expect(withModifiers("[", CTRL)).toBe("\x1b");
    expect(withModifiers(" ", CTRL)).toBe("\0");
    expect(withModifiers("x", ALT)).toBe("\x1bx");
    expect(withModifiers("é", CTRL)).toBe("é");
    expect(withModifiers("ab", NONE)).toBe("ab");
  });
});

describe("forms", () => {
  it("find the server's message by its pointer", () => {
    const errors = [
      { pointer: "/resource_spec/inputs/unit", message: "is required" },
      { pointer: "/resource_spec/argv/3", message: "is too long" },
    ];
    expect(messagesAt(errors, "/inputs/unit")).toEqual(["is required"]);
    expect(messagesAt(errors, "/argv")).toEqual([]);
    expect(messagesAt(errors, "/argv", true)).toEqual(["is too long"]);
  });

  it("read an environment line by line", () => {
    expect(environmentOf("A=1\n\nB=x=y\nC")).toEqual({ A: "1", B: "x=y", C: "" });
    expect(environmentOf(" \n")).toBeUndefined();
  });

  it.each([
    [FRESH_GRANT, { role: "operator", hosts: ["*"], operations: ["model.use", "model.list"] }],
    [
      { ...FRESH_GRANT, models: "llama3* qwen", surfaces: ["openai" as const] },
      { models: ["llama3*", "qwen"], surfaces: ["openai"] },
    ],
    [
      { ...FRESH_GRANT, where: "labels" as const, names: "gpu, linux", covers: "reading" as const },
      { role: "reader", labels: ["gpu", "linux"], operations: ["*"] },
    ],
    [
      { ...FRESH_GRANT, where: "hosts" as const, names: "vm100", covers: "chosen" as const, operations: "command.run host.*" },
      { hosts: ["vm100"], operations: ["command.run", "host.*"] },
    ],
  ])("make a grant that the edge accepts", (draft, expected) => {
    const scope = scopeOf(draft);
    expect(grantScopeSchema.safeParse(scope).error).toBeUndefined();
    expect(scope).toMatchObject(expected);
  });
});

describe("models", () => {
  it("are offered loaded first, by host where there are several, embedders not at all", () => {
    expect(
      choicesOf([
        { id: "a", farhand: { hosts: ["x"], loaded: false, kind: "chat" } },
        { id: "e", farhand: { hosts: ["x"], kind: "embedding" } },
        { id: "b", farhand: { hosts: ["x", "y"], loaded: true, kind: null } },
      ]).map(([value]) => value),
    ).toEqual(["b", "b@x", "b@y", "a"]);
  });

  it("have a speed from the first word to the last", () => {
    expect(speedOf({ tokens: 101, writingMs: 2_000, firstMs: 340, host: "vm100" })).toBe(
      "50 tokens/s · 101 tokens · first after 0.3 s · on vm100",
    );
    expect(speedOf({ tokens: 1, writingMs: 0 })).toBe("1 tokens");
  });
});

describe("figures", () => {
  it("are read by people", () => {
    expect([sizeOf(0), sizeOf(1_536), sizeOf(25_200_000_000)]).toEqual(["0 B", "1.5 KiB", "23.5 GiB"]);
    expect([durationOf(12), durationOf(1_500), durationOf(90_000), durationOf(3 * 3600_000)]).toEqual([
      "12 ms",
      "1.5 s",
      "1 min 30 s",
      "3 h 0 min",
    ]);
    expect([agoOf(0, 1_000), agoOf(0, 40_000), agoOf(0, 3600_000), agoOf(60_000, 0)]).toEqual([
      "just now",
      "40 s ago",
      "1 h ago",
      "in 60 s",
    ]);
  });

  it("of counters are rates, and nothing where a counter went back", () => {
    expect(
      ratesOf([
        { at: 0, total: 0 },
        { at: 1_000, total: 500 },
        { at: 3_000, total: 100 },
      ]),
    ).toEqual([500, 0]);
  });

  it("are drawn from the right edge", () => {
    expect(linePath([0, 10], 10, 3)).toBe("M120.0 54.0L240.0 4.0");
  });
});
