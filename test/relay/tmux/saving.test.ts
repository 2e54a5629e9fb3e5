// terminal.save where the disk takes nothing more: an answer, never a job that waits for ever.
import { closeSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { save } from "../../../relay/drivers/tmux/reading.ts";
import { FACTS_FORMAT } from "../../../relay/drivers/tmux/screen.ts";
import type { Pane } from "../../../relay/drivers/tmux/sessions.ts";
import type { Tmux, TmuxOutcome } from "../../../relay/drivers/tmux/tmux.ts";

const dir = mkdtempSync(join(tmpdir(), "farhand-saving-"));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** 80 × 24 with 2,000 lines above. */
const FACTS = FACTS_FORMAT.split(",")
  .map((name) => ({ "#{pane_width}": 80, "#{pane_height}": 24, "#{history_size}": 2_000 })[name] ?? 0)
  .join(",");

const descriptorOf = (path: string) =>
  Number(
    readdirSync("/proc/self/fd").find((fd) => {
      try {
        return readlinkSync(join("/proc/self/fd", fd)) === path;
      } catch {
        return false;
      }
    }),
  );

it("fails when the file cannot be written any more between two pieces", async () => {
  const path = join(dir, "a.txt");
  let pieces = 0;
  const run = async (): Promise<TmuxOutcome> => {
    pieces += 1;
    if (pieces === 2) closeSync(descriptorOf(path));
    if (pieces > 2) await new Promise((resolve) => setTimeout(resolve, 50));
    return { ok: true, stdout: Buffer.from(`${FACTS}\nsome text\n`) };
  };
  const saved = await save({ run } as unknown as Tmux, { pane: 1 } as Pane, {
    dir,
    file: "a.txt",
    escapes: false,
    signal: new AbortController().signal,
  });
  expect(saved).toEqual({ ok: true, value: { failed: `${path} cannot be written (EBADF).` } });
});
