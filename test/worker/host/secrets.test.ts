// Secrets go to the host and nowhere else: no table holds one in clear, at no point of a job's life.
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../protocol/errors.ts";
import { ALL, edge, evict, newHost, rows, stub, submission } from "./edge.ts";
import { running, ScriptedRelay, success, type HostUnderTest } from "./scripted-relay.ts";

const CANARY = "canary-3f9a1c";

/** Everything in every table, as text. */
async function everything(host: HostUnderTest): Promise<string> {
  return await runInDurableObject(stub(host), (_, state) => {
    const { sql } = state.storage;
    const tables = sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'")
      .toArray();
    return tables
      .flatMap(({ name }) => sql.exec(`SELECT * FROM "${name}"`).toArray())
      .flatMap((row) => Object.values(row))
      .map((value) => (value instanceof ArrayBuffer ? Buffer.from(value).toString("latin1") : String(value)))
      .join("\n");
  });
}

const SPECS = {
  "fields that the schema marks": ["command.exec", { argv: ["/bin/cat"], env: { TOKEN: CANARY }, stdin: `${CANARY}\n` }],
  "inputs that the host declares": ["command.run", { name: "set-password", inputs: { user: "u", password: CANARY } }],
  "inputs of a command that is not known": ["command.run", { name: "unheard-of", inputs: { any: CANARY } }],
} as const;

describe.each(Object.entries(SPECS))("%s", (_, [operation, resourceSpec]) => {
  it("are delivered, hidden from readers, sealed at rest, sent again whole, and deleted at the end", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const input = submission({ operation, resourceSpec: { ...resourceSpec }, idempotencyKey: "k" });
    const submitted = unwrap(await edge(host).submit(input));
    expect(JSON.stringify(submitted)).not.toContain(CANARY);
    const job = await relay.next("job");
    expect((JSON.parse(job.payload) as { resource_spec: unknown }).resource_spec).toEqual(resourceSpec);
    expect(await everything(host)).not.toContain(CANARY);
    expect(await rows(host, "SELECT job_id FROM sealed")).toEqual([{ job_id: job.job_id }]);
    await evict(host);
    const again = await ScriptedRelay.connect(host);
    expect((await again.next("job")).payload).toBe(job.payload);
    again.event(job.channel, running(), success(job));
    await again.acked(job.channel);
    expect(unwrap(await edge(host).job(job.job_id, ALL)).status).toBe("succeeded");
    expect(await rows(host, "SELECT * FROM sealed")).toEqual([]);
    expect(await everything(host)).not.toContain(CANARY);
    expect(unwrap(await edge(host).submit(input)).id).toBe(job.job_id);
    again.close();
  });
});

describe("inputs", () => {
  it("of a known command are checked, with pointers and without values", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const answer = await edge(host).submit(
      submission({ operation: "command.run", resourceSpec: { name: "restart", inputs: { unit: 7, other: CANARY } } }),
    );
    expect(answer).toMatchObject({
      ok: false,
      code: "BODY_INVALID",
      details: { errors: [{ pointer: "/resource_spec/inputs/other" }, { pointer: "/resource_spec/inputs/unit" }] },
    });
    expect(JSON.stringify(answer)).not.toContain(CANARY);
    relay.close();
  });

  it("that the host declares without secret are shown", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const spec = { name: "restart", inputs: { unit: "nginx" } };
    const job = unwrap(await edge(host).submit(submission({ operation: "command.run", resourceSpec: spec })));
    expect(job.resource_spec).toEqual(spec);
    relay.close();
  });
});
