// What a job's events become on its screen: output in order, gaps marked, memory bounded.
import { describe, expect, it } from "vitest";
import { JobView } from "../../web/screens/job-follow.ts";

function view(...events: readonly (readonly [event: string, data: object])[]): JobView {
  const made = new JobView();
  for (const [index, [event, data]] of events.entries()) made.take({ id: String(index), event, data: JSON.stringify(data) });
  return made;
}
const log = (stream: string, text: string) => ["log", { stream, offset: 0, text }] as const;
const texts = (made: JobView) =>
  made.shown.pieces.map((piece) =>
    piece.kind === "note" ? piece.text : `${piece.stream}: ${piece.lines.map((line) => line.map((run) => run.text).join("")).join("|")}`,
  );

describe("a job's events", () => {
  it("are output in the order in which it came, streams apart", () => {
    expect(texts(view(log("stdout", "a\nb"), log("stdout", "c\n"), log("stderr", "no\n"), log("stdout", "d\n")))).toEqual([
      "stdout: a|bc",
      "stderr: no",
      "stdout: d",
    ]);
  });

  it("that were not kept, or are elsewhere, leave a mark", () => {
    const made = view(
      log("stdout", "a\n"),
      ["gap", { stream: "stdout", from: 10, to: 2058, lost: true }],
      ["gap", { stream: "stderr", from: 0, to: 10, lost: false }],
      ["log", { level: "warn", message: "careful" }],
    );
    expect(texts(made)).toEqual([
      "stdout: a",
      "… 2.0 KiB of stdout were not kept",
      "… 10 B of stderr left out here; they are in the download",
      "warn: careful",
    ]);
  });

  it("tell status, progress and end", () => {
    const made = view(
      ["status", { status: "running", at: "2026-01-01T00:00:00Z" }],
      ["progress", { percent: 40, message: "copying" }],
      ["result", { status: "failed", result: null, error: { code: "JOB_TIMED_OUT", message: "m", remedy: "r" } }],
    );
    expect([made.status, made.progress?.percent, made.end?.error?.code]).toEqual(["running", 40, "JOB_TIMED_OUT"]);
  });

  it("without end stay within what a phone can show, whether in one stream or in turns", () => {
    const made = new JobView();
    for (let i = 0; i < 20_000; i++)
      made.take({ id: String(i), event: "log", data: JSON.stringify({ stream: i % 2 ? "stdout" : "stderr", text: `${i}\n` }) });
    const { pieces, dropped } = made.shown;
    expect(pieces.length).toBeLessThan(4_000);
    expect(dropped).toBeGreaterThan(15_000);
    expect(texts(made).at(-1)).toBe("stdout: 19999");
  });
});
