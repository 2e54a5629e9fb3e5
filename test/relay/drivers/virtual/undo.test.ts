// What a change in several steps takes back, and what it says of what it could not.
import { describe, expect, it } from "vitest";
import { settle, VmFailure } from "../../../../relay/drivers/virtual/failure.ts";
import { asWhole } from "../../../../relay/drivers/virtual/undo.ts";
import { jobContext } from "../job-context.ts";

const log = () => undefined;

describe("a change as a whole", () => {
  it("is taken back in reverse order, each step tried", async () => {
    const back: string[] = [];
    const change = asWhole({ log }, async (undo) => {
      undo.push("a", async () => void back.push("a"));
      undo.push("b", () => Promise.reject(new Error("no")));
      undo.push("c", async () => void back.push("c"));
      throw new VmFailure("STORAGE_FULL", "No space.");
    });
    await expect(change).rejects.toMatchObject({ code: "STORAGE_FULL", message: "No space. Left behind: b." });
    expect(back).toEqual(["c", "a"]);
  });

  it("says what was left behind also when it was cancelled", async () => {
    const cancel = new AbortController();
    const run = () =>
      asWhole({ log }, async (undo) => {
        undo.push("the volume x", () => Promise.reject(new Error("no")));
        cancel.abort();
        cancel.signal.throwIfAborted();
        throw new Error("not reached");
      });
    const result = await settle(() => null, run, jobContext({ signal: cancel.signal }));
    expect(result).toMatchObject({
      status: "error",
      code: "JOB_CANCELLED",
      message: expect.stringContaining("Left behind: the volume x."),
    });
  });

  it("keeps what was done when nothing failed", async () => {
    const back: string[] = [];
    expect(await asWhole({ log }, async (undo) => undo.push("a", async () => void back.push("a")))).toBeUndefined();
    expect(back).toEqual([]);
  });
});
