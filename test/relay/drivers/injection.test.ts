// Every text of the corpus reaches a real program as one unchanged argument, variable or standard input, and starts
// nothing. The program tells who its parent is: this process, so nothing stood between.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkSpec } from "../../../protocol/operations/define.ts";
import { findOperation } from "../../../protocol/operations/index.ts";
import { parseConfig } from "../../../relay/config.ts";
import { createDrivers } from "../../../relay/drivers/index.ts";
import { markedWith } from "../exec/processes.ts";
import { CORPUS_SIZE, injectionCorpus, withNul } from "./injection-corpus.ts";
import { jobContext } from "./job-context.ts";

const SHOW = fileURLToPath(new URL("fixtures/show.sh", import.meta.url));
const CONFIG = `
[command]
exec = true
[commands.show]
argv = [${JSON.stringify(SHOW)}, "{text}"]
env = { VALUE = "{text}" }
stdin = "{text}"
inputs.text = { type = "string" }
`;

let folder: string;
let corpus: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farhand-corpus-"));
  corpus = injectionCorpus(join(folder, "pwned"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const drivers = createDrivers(parseConfig(CONFIG, "/etc/farhand/relay.toml"));

async function run(operation: "command.run" | "command.exec", spec: unknown) {
  const checked = checkSpec(findOperation(operation)!, spec, "/resource_spec");
  if (checked.spec === null) return { code: "SPEC_INVALID", stdout: null };
  const result = await drivers.find(operation)!.handler(checked.spec, jobContext({ operation }));
  return { code: result.code, stdout: (result.data as { stdout?: string } | undefined)?.stdout ?? null };
}

/** Runs `one` over all, a few at a time, and gives those for which it said false. */
async function failing<T>(items: readonly T[], one: (item: T) => Promise<boolean>): Promise<T[]> {
  const failed: T[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const item = items[next++]!;
      if (!(await one(item))) failed.push(item);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return failed;
}

describe("the injection corpus", () => {
  it("is as large as promised, without repeats, and the same on every run", () => {
    expect(new Set(corpus).size).toBe(CORPUS_SIZE);
    expect(injectionCorpus("/x")).toEqual(injectionCorpus("/x"));
    expect(corpus.filter((text) => text.includes(folder)).length).toBeGreaterThan(1_000);
    expect(corpus.filter((text) => text.startsWith("-")).length).toBeGreaterThan(20);
  });

  it("reaches the program of command.run unchanged: as one argument, in a variable and on standard input", async () => {
    const expected = (text: string) => [process.pid, 1, text, text, text].join("\0");
    expect(
      await failing(corpus, async (text) => (await run("command.run", { name: "show", inputs: { text } })).stdout === expected(text)),
    ).toEqual([]);
  }, 60_000);

  it("reaches the program of command.exec unchanged, many at once", async () => {
    const batches = Array.from({ length: CORPUS_SIZE / 20 }, (_, index) => corpus.slice(index * 20, index * 20 + 20));
    const expected = (batch: string[]) => [process.pid, 20, ...batch, batch[0], ""].join("\0");
    const spec = (batch: string[]) => ({ argv: [SHOW, ...batch], env: { VALUE: batch[0] } });
    expect(await failing(batches, async (batch) => (await run("command.exec", spec(batch))).stdout === expected(batch))).toEqual([]);
  }, 60_000);

  it("is refused with a NUL in it, and nothing starts", async () => {
    const refused = async (text: string) => {
      const byRun = await run("command.run", { name: "show", inputs: { text } });
      const byExec = await run("command.exec", { argv: [SHOW, text] });
      return byRun.code === "INPUT_INVALID" && byRun.stdout === null && byExec.code === "SPEC_INVALID" && byExec.stdout === null;
    };
    expect(await failing(withNul(corpus), refused)).toEqual([]);
  });

  it("has started nothing and written nothing", async () => {
    expect(await readdir(folder)).toEqual([]);
    expect(await markedWith("01JD0000000000000000000000")).toEqual([]);
  });
});
