// `farhand selftest`: the host agent's own test of this host, row by row, with remedies. The changing part only with --full.
import { resolve } from "node:path";
import { dataPaths } from "../embedded/data-directory.ts";
import { defaultDataDirectory } from "../embedded/options.ts";
import { agentFile } from "../relay/drivers/hyperv/bundle.ts";
import { selftest, SELFTEST_PREFIX, type Selftest } from "../relay/drivers/hyperv/selftest.ts";
import { failureRemedy, remedyOf } from "../relay/hyperv-look.ts";
import { CliFailure, EXIT, usage } from "./failure.ts";
import { note, plain, print, printJson } from "./output.ts";
import { builtFolder, ownFiles, readRelayConfig } from "./relay-files.ts";
import type { Input } from "./verb.ts";

const READ_MS = 2 * 60_000;
/** Copies and merges of empty disks take seconds; a host that is busy takes longer. */
const FULL_MS = 15 * 60_000;

async function hypervOf(input: Input) {
  const { file } = ownFiles(input, dataPaths(resolve(input.text("data") ?? defaultDataDirectory())));
  const config = await readRelayConfig(file);
  if (!config) throw usage(`${file} does not exist: name another with --config FILE.`);
  if (config.libvirt) throw usage(`${file} has [libvirt]; the self-test is for Hyper-V. \`farhand doctor\` looks at libvirt.`);
  if (!config.hyperv) throw usage(`${file} has no [hyperv] table: docs/hyperv.md says how to write one.`);
  return config.hyperv;
}

function show({ powershell, digest, rows, failure, words, left }: Selftest): void {
  note(plain(`The host agent ${digest} by ${powershell}`));
  const width = Math.max(16, ...rows.map(({ name }) => name.length));
  for (const row of rows) {
    const said = row.code === null ? row.message : `${row.message} (${row.code})`;
    print(plain(`${row.ok ? "ok  " : "fail"}  ${row.name.padEnd(width)}  ${String(row.ms).padStart(6)} ms  ${said}`).trimEnd());
    if (!row.ok) print(plain(`${" ".repeat(width + 19)}${remedyOf(row)}`));
  }
  if (failure) print(plain(`fail  ${failure.message} (${failure.code})\n      ${failureRemedy(failure)}`));
  for (const word of words) note(plain(`      ${word}`));
  if (left === null) note(`Whether something is left could not be looked at: look for ${SELFTEST_PREFIX}… yourself.`);
  for (const name of left?.machines ?? [])
    print(plain(`left  the virtual machine ${name}: delete it, \`Remove-VM\` or \`farhand vm delete\``));
  for (const path of left?.files ?? []) print(plain(`left  ${path}: delete it when no virtual machine uses it`));
}

export async function run(input: Input): Promise<void> {
  input.atMost(0);
  const table = await hypervOf(input);
  const full = input.flag("full");
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const file = agentFile(undefined, builtFolder());
  const report = await selftest(table, { full, signal: stop.signal, timeoutMs: full ? FULL_MS : READ_MS, file });
  const { rows, failure, left } = report;
  const isClean = left !== null && left.machines.length + left.files.length === 0;
  const isWell = failure === null && isClean && rows.every(({ ok }) => ok);
  if (input.json) {
    const remedied = rows.map((row) => (row.ok ? row : { ...row, remedy: remedyOf(row) }));
    const why = failure && { code: failure.code, message: failure.message, remedy: failureRemedy(failure) };
    printJson({ ok: isWell, full, ...report, rows: remedied, failure: why });
  } else show(report);
  if (isWell) return;
  const bad = rows.filter(({ ok }) => !ok).length;
  const said = bad > 0 ? `${bad} of ${rows.length} checks failed.` : failure ? "The self-test did not come to its end." : "";
  throw new CliFailure(EXIT.failed, [said, isClean ? "" : "Something is left, or may be."].filter(Boolean).join(" "));
}
