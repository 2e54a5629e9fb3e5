// A Host object under test: enrolled at the real Fleet, and what the Worker would ask of it.
import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { unwrap } from "../../../protocol/errors.ts";
import type { Actor, FleetRpc, Visibility } from "../../../worker/fleet/contract.ts";
import type { HostRpc, SubmitInput } from "../../../worker/host/contract.ts";
import { makeKeys, type HostUnderTest } from "./scripted-relay.ts";

export const ACTOR: Actor = { principal: "key:test", requestId: "req-1" };
export const ALL: Visibility = [["*"]];

/** Tests run with this key; it is of no other use. */
Object.assign(env, { SEAL_KEY: Buffer.alloc(32, 7).toString("base64") });

let count = 0;

/** A host of its own for each test: storage is shared by the tests of a file. */
export async function newHost(): Promise<HostUnderTest> {
  count += 1;
  const name = `host-under-test-${count}`;
  const fleet = env.FLEET.getByName("fleet");
  const { code } = unwrap(await fleet.enrollmentCreate(ACTOR, { host: name, labels: [], ttlMs: 60_000 }));
  const keys = makeKeys();
  const enrolled = unwrap(await fleet.enrollmentClaim("req-0", code, keys.publicKey));
  return { number: enrolled.host_number, id: enrolled.host_id, name, ...keys };
}

/** The object itself, for what only tests do to it. */
export const stub = (host: HostUnderTest) => env.HOST.getByName(`host-${host.number}`);

/** What the Worker may ask. Typed by the contract: the stub's own mapped type loses its shapes. */
export const edge = (host: HostUnderTest): HostRpc => stub(host);

export function submission(more: Partial<SubmitInput> = {}): SubmitInput {
  return {
    actor: ACTOR,
    operation: "command.exec",
    resourceSpec: { argv: ["/bin/true"] },
    correlationId: null,
    metadata: {},
    ttlMs: 60_000,
    idempotencyKey: null,
    waitMs: 0,
    ...more,
  };
}

/** Audit records at the Fleet. */
export const auditOf: FleetRpc["audit"] = (query) => (env.FLEET.getByName("fleet") as unknown as FleetRpc).audit(query);

/** Rows of a table, as they lie in the database. */
export async function rows(host: HostUnderTest, sql: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  return await runInDurableObject(stub(host), (_, state) => state.storage.sql.exec(sql, ...(values as SqlStorageValue[])).toArray());
}

/** The object loses its memory; its socket stays, as when it hibernates. */
export async function hibernate(host: HostUnderTest): Promise<void> {
  await evictDurableObject(stub(host));
}

/** The object loses its memory and its sockets, as at a deploy. */
export async function evict(host: HostUnderTest): Promise<void> {
  await evictDurableObject(stub(host), { webSockets: "close" });
}

/** The object is thrown away at once, with sockets, streams and waiting calls. */
export async function abort(host: HostUnderTest): Promise<void> {
  await runInDurableObject(stub(host), (_, state) => state.abort("thrown away by a test")).catch(() => null);
}
