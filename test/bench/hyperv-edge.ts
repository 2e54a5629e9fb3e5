// A job of a Hyper-V host as a client of the API sees it: HTTP, edge, relay, agent, the fake module, and back.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startProduct } from "../product.ts";
import { writeFakePowershell } from "../relay/drivers/hyperv/fake-world.ts";
import { median, timed, type Figure } from "./measure.ts";

const ROUNDS = 7;
/** What somebody does who looks at one machine after the other. */
const THINK_MS = 4_000;

export async function hypervEdgeFigures(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "farhand-bench-hyperv-"));
  writeFileSync(join(folder, "world.json"), "{}");
  const powershell = writeFakePowershell(folder);
  const product = await startProduct(
    `name = "bench"\n[hyperv]\npowershell = ${JSON.stringify(powershell)}\n[hyperv.storage.default]\npath = ${JSON.stringify(folder)}\n`,
  );
  try {
    const jobs = async (path: string, body: object) => {
      const answer = await product.request("POST", `/api/v1/hosts/${product.ready.host}${path}`, body, { prefer: "wait=60" });
      if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body.slice(0, 300)}`);
      return JSON.parse(answer.body) as { result: { data: { id: string } } };
    };
    const made = await jobs("/vms", { name: "bench", cpus: 1, memory_bytes: 64 * 1024 * 1024 });
    const get = async () => {
      const answer = await product.request("GET", `/api/v1/hosts/${product.ready.host}/vms/${made.result.data.id}`);
      if (answer.status !== 200) throw new Error(`GET: ${answer.status} ${answer.body.slice(0, 300)}`);
    };
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await sleep(THINK_MS);
      times.push(await timed(get));
    }
    return [{ name: "GET …/vms/{vm} through the edge, now and then, fake module", value: median(times), unit: "ms" }];
  } finally {
    await product.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
