// A model check of the job machine: random histories of submits, cancels, cuts, stalls and relay kills against the real edge
// and the real relay over a scripted link. Whatever happens: each job ends, and its end agrees with what it did on the host.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Job } from "../../protocol/api/shapes.ts";
import { ended, get, json } from "../e2e/api.ts";
import type { Product } from "../product.ts";
import { isSoak } from "../protocol/hostile.ts";
import { addHost, startEdge, type Rig } from "./rig.ts";

const HISTORIES = isSoak ? 10_000 : 500;
const HOSTS = 4;

type Step =
  | { do: "submit"; ms: number; ttl: number | null; deliveries: number; key: boolean }
  | { do: "cancel"; of: number }
  | { do: "again"; of: number }
  | { do: "cut" }
  | { do: "cutAfter"; direction: "to-edge" | "to-relay"; messages: number }
  | { do: "stall"; ms: number }
  | { do: "wait"; ms: number }
  | { do: "killRelay" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("submit" as const),
      ms: fc.constantFrom(0, 0, 20, 80),
      ttl: fc.constantFrom(null, null, 50, 1_000),
      deliveries: fc.constantFrom(1, 1, 2, 5),
      key: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("cancel" as const), of: fc.nat({ max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("again" as const), of: fc.nat({ max: 3 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: "cut" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("cutAfter" as const),
      direction: fc.constantFrom("to-edge" as const, "to-relay" as const),
      messages: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("stall" as const), ms: fc.constantFrom(20, 120) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 10, 40) }) },
  { weight: 1, arbitrary: fc.constant({ do: "killRelay" as const }) },
);

interface Submitted {
  readonly job: Job;
  readonly tag: string;
  readonly key: string | null;
  readonly body: unknown;
  readonly ttl: number | null;
  readonly isCancelled: { value: boolean };
}

class History {
  readonly #rig: Rig;
  readonly #file: string;
  readonly #name: string;
  readonly jobs: Submitted[] = [];

  constructor(rig: Rig, file: string, name: string) {
    this.#rig = rig;
    this.#file = file;
    this.#name = name;
  }

  async #submit(one: Extract<Step, { do: "submit" }>): Promise<void> {
    const tag = `${this.#name}-${this.jobs.length}`;
    const script = `echo begin ${tag} >> ${this.#file}; ${one.ms ? `sleep ${one.ms / 1_000}; ` : ""}echo end ${tag} >> ${this.#file}`;
    const body = { operation: "command.exec", resource_spec: { argv: ["/bin/sh", "-c", script] } };
    const key = one.key ? tag : null;
    this.#rig.proxy.deliveries = one.deliveries;
    const job = await this.#post(body, key, one.ttl);
    this.jobs.push({ job, tag, key, body, ttl: one.ttl, isCancelled: { value: false } });
  }

  async #post(body: unknown, key: string | null, ttl: number | null): Promise<Job> {
    const path = `/api/v1/hosts/${this.#rig.product.ready.host}/jobs${ttl ? `?ttl_ms=${ttl}` : ""}`;
    const answer = await json<Job>(this.#rig.product, "POST", path, body, key ? { "idempotency-key": key } : {});
    expect([200, 202]).toContain(answer.status);
    return answer.body;
  }

  async #again(of: number): Promise<void> {
    const first = this.jobs[of];
    if (first?.key) expect((await this.#post(first.body, first.key, first.ttl)).id).toBe(first.job.id);
  }

  async run(one: Step): Promise<void> {
    const { proxy } = this.#rig;
    if (one.do === "submit") await this.#submit(one);
    else if (one.do === "cancel" && this.jobs[one.of]) {
      this.jobs[one.of]!.isCancelled.value = true;
      await json(this.#rig.product, "POST", `/api/v1/jobs/${this.jobs[one.of]!.job.id}/cancel`);
    } else if (one.do === "again") await this.#again(one.of);
    else if (one.do === "cut") proxy.cut();
    else if (one.do === "cutAfter") proxy.cutAfter(one.direction, one.messages);
    else if (one.do === "stall") {
      proxy.stall(true);
      await new Promise((resolve) => setTimeout(resolve, one.ms));
      proxy.cut();
      proxy.stall(false);
    } else if (one.do === "wait") await new Promise((resolve) => setTimeout(resolve, one.ms));
    else if (one.do === "killRelay") {
      await this.#rig.endRelay("SIGKILL");
      this.#rig.startRelay();
    }
  }

  /** Every job has ended, and its end agrees with the host. */
  async verify(): Promise<void> {
    const ends = await Promise.all(this.jobs.map(({ job }) => ended(this.#rig.product, job.id, 60_000)));
    const lines = (await readFile(this.#file, "utf8")).split("\n");
    for (const [index, { tag, isCancelled, job }] of this.jobs.entries()) {
      const begins = lines.filter((line) => line === `begin ${tag}`).length;
      const finishes = lines.filter((line) => line === `end ${tag}`).length;
      const { status } = ends[index]!;
      const seen = { status, begins, finishes, isCancelled: isCancelled.value, job: ends[index]! };
      expect(begins, JSON.stringify(seen)).toBeLessThanOrEqual(1);
      if (status === "succeeded") expect(seen, JSON.stringify(seen)).toMatchObject({ begins: 1, finishes: 1 });
      if (status === "expired") expect(seen, JSON.stringify(seen)).toMatchObject({ begins: 0 });
      if (status === "cancelled") expect(seen, JSON.stringify(seen)).toMatchObject({ isCancelled: true, finishes: 0 });
      expect(["succeeded", "expired", "cancelled", "unknown"], JSON.stringify(seen)).toContain(status);
      expect((await get(this.#rig.product, job.id)).status).toBe(status);
    }
  }
}

let edge: Product;
const rigs: Rig[] = [];
beforeAll(async () => {
  edge = await startEdge();
  for (let index = 0; index < HOSTS; index++) rigs.push(await addHost(edge, `model-${index}`));
}, 120_000);
afterAll(async () => {
  await Promise.all(rigs.map((rig) => rig.stop()));
  await edge.stop();
});

it(
  `${HISTORIES} histories: each job ends once, and truly`,
  async () => {
    const seed = Number(process.env["FARHAND_SEED"] ?? Date.now() % 2 ** 31);
    const histories = fc.sample(fc.array(step, { minLength: 2, maxLength: 8 }), { numRuns: HISTORIES, seed });
    let next = 0;
    const worker = async (rig: Rig, index: number) => {
      const file = join(edge.dir, `effects-${index}`);
      await writeFile(file, "");
      while (next < histories.length) {
        const at = next++;
        const history = new History(rig, file, `h${at}`);
        try {
          for (const one of histories[at]!) await history.run(one);
          await history.verify();
        } catch (error) {
          throw new Error(`history ${at} of seed ${seed}: ${JSON.stringify(histories[at])}`, { cause: error });
        }
      }
    };
    await Promise.all(rigs.map(worker));
  },
  isSoak ? 3 * 3600_000 : 10 * 60_000,
);
