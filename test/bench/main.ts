// `npm run bench`: measures the product beside the direct path in the same run, prints a table, writes bench.json.
// Arguments name parts: jobs, calls, memory, links, billing, tokens, aborts, requests, stream-memory, stream-jobs,
// stream-billing, echo, vms, hyperv; `streams` stands for all from `tokens` on. Without any, all of them run.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { callFigures, jobFigures } from "./jobs.ts";
import { linkFigures } from "./links.ts";
import { load, print, type Figure } from "./measure.ts";
import { memoryFigures } from "./memory.ts";
import { startProduct } from "../product.ts";
import { streamParts } from "./stream-parts.ts";
import { startSsh, type SshPeer } from "./ssh.ts";

const CONFIG = `name = "bench"
slots = 32
[allow]
operations = ["host.*", "command.*"]
[commands.true]
argv = ["/bin/true"]
[commands.hostname]
argv = ["hostname"]
`;

const wanted = process.argv.slice(2);
const has = (part: string) => wanted.length === 0 || wanted.includes(part);
const results: Record<string, Figure[]> = {};
const loads: string[] = [load()];
const take = (title: string, figures: Figure[]) => {
  results[title] = figures;
  loads.push(load());
  print(title, figures);
};

console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "?"}; load before: ${load()}`);

if (has("jobs") || has("calls") || has("memory")) {
  const product = await startProduct(CONFIG);
  let ssh: SshPeer | null = null;
  try {
    if (has("jobs")) ssh = await startSsh();
    await new Promise((resolve) => setTimeout(resolve, 15_000));
    if (has("memory")) take("(c) memory, idle", memoryFigures(product, "idle", { relay: "≤ 70 MB", edge: "≤ 100 MB" }));
    if (has("jobs")) take("(a) a job", await jobFigures(product, ssh));
    if (has("calls")) take("(b) a call", await callFigures(product));
    if (has("memory")) take("(c) memory, after the load", memoryFigures(product, "after load", { relay: "≤ 110 MB", edge: "≤ 250 MB" }));
  } finally {
    ssh?.stop();
    await product.stop();
  }
}
if (has("links")) take("(d) 1,000 links", await linkFigures());
if (has("billing")) {
  // Loaded late: a small process is the fair base for a local spawn, which copies its parent's page tables.
  const { billingFigures } = await import("./billing.ts");
  take("(e) what Cloudflare would bill", await billingFigures());
}
for await (const [title, figures] of streamParts(wanted)) take(title, figures);

if (has("vms")) {
  const { libvirtdMissing } = await import("../fixtures/libvirtd.ts");
  const { virtualMachineFigures } = await import("./virtual-machines.ts");
  if (libvirtdMissing === null) take("virtual machines on KVM", await virtualMachineFigures());
}

if (has("hyperv")) {
  const { hypervFigures } = await import("./hyperv.ts");
  const figures = await hypervFigures();
  if (figures) {
    take("the host agent of Hyper-V, on a fake module", figures);
    const { hypervEdgeFigures } = await import("./hyperv-edge.ts");
    take("the same through the edge", await hypervEdgeFigures());
  } else console.log("\nNOT MEASURED: the host agent of Hyper-V; pwsh (PowerShell 7) is not on PATH.");
}

writeFileSync("bench.json", `${JSON.stringify({ at: new Date().toISOString(), node: process.version, loads, results }, null, 2)}\n`);
console.log(`\nload (1, 5, 15 min) at each step: ${loads.join(" | ")}`);
