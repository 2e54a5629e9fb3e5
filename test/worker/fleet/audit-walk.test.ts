// Every route that changes something leaves a record that names its request; one that was refused, and a call (it only asks),
// leave none. A new changing route without a row here fails.
import { beforeAll, describe, expect, it } from "vitest";
import type { AuditRecord } from "../../../protocol/api/shapes.ts";
import { VM_ROUTES } from "../../../protocol/api/vm-routes.ts";
import { ROUTES, type Route, type RouteName } from "../../../protocol/api/routes.ts";
import { CATALOGUE, eventually, makeKeys, ScriptedRelay } from "../host/scripted-relay.ts";
import { Edge, ORIGIN, type Asked, type More } from "../routes/edge.ts";
import { enrol } from "../routes/enrolled.ts";
import { VM_BODIES } from "../routes/vm-bodies.ts";

const edge = new Edge();
const BROWSER = { origin: ORIGIN, "sec-fetch-site": "same-origin" };
const RUN = { operation: "command.run", resource_spec: { name: "x" } };
const ANY = [{ role: "reader", hosts: ["*"] }];

/** Answers by which the routes of one id are asked; made anew for each, so that no step needs another. */
const newKey = async () => (await edge.post("/api/v1/keys", { name: "k", grants: ANY })).body.id;
const newGrant = async () => (await edge.post("/api/v1/grants", { principal: "user:x", ...ANY[0] })).body.id;
const newJob = async () => (await edge.post("/api/v1/hosts/walked/jobs", RUN)).body.id;
const newCode = async () => (await edge.post("/api/v1/sign-in-codes")).body.code;
const signIn = (code: string) => edge.post("/session", { code }, { key: null, headers: BROWSER });

async function signOut(): Promise<Asked> {
  const cookie = (await signIn(await newCode())).headers.get("set-cookie")!.split(";")[0]!;
  return edge.ask("DELETE", "/api/v1/session", { key: null, headers: { ...BROWSER, cookie } });
}
async function claim(): Promise<Asked> {
  const { body } = await edge.post("/api/v1/enrollments", { host: "claimed" });
  return edge.post("/link/enroll", { code: body.code, public_key: makeKeys().publicKey }, { key: null });
}
async function remove(): Promise<Asked> {
  const { id } = await enrol(edge, "short-lived");
  return edge.ask("DELETE", `/api/v1/hosts/${id}`);
}

/** A good request of each, and the action that its record names. */
const DONE: Partial<Record<RouteName, [action: string, ask: () => Promise<Asked>]>> = {
  sessionCreate: ["session.create", async () => signIn(await newCode())],
  linkEnroll: ["host.enroll", claim],
  signOut: ["session.delete", signOut],
  signInCodes: ["sign-in.create", () => edge.post("/api/v1/sign-in-codes")],
  hostUpdate: ["host.update", () => edge.ask("PATCH", "/api/v1/hosts/walked", { body: { note: "n" } })],
  hostDelete: ["host.delete", remove],
  enrollments: ["enrollment.create", () => edge.post("/api/v1/enrollments", { host: "new" })],
  submit: ["command.run", () => edge.post("/api/v1/hosts/walked/jobs", RUN)],
  fanOut: ["command.run", () => edge.post("/api/v1/jobs", { ...RUN, target: { labels: ["walked"], pick: "all" } })],
  jobCancel: ["job.cancel", async () => edge.post(`/api/v1/jobs/${await newJob()}/cancel`)],
  terminalTicket: ["terminal.ticket", () => edge.post("/api/v1/hosts/walked-screens/terminals", {})],
  vmConsole: ["console.ticket", () => edge.post("/api/v1/hosts/walked-screens/vms/11111111-2222-4333-8444-555555555555/console", {})],
  keyCreate: ["key.create", () => edge.post("/api/v1/keys", { name: "made", grants: ANY })],
  keyUpdate: ["key.update", async () => edge.ask("PATCH", `/api/v1/keys/${await newKey()}`, { body: { name: "named" } })],
  keyDelete: ["key.delete", async () => edge.ask("DELETE", `/api/v1/keys/${await newKey()}`)],
  grantCreate: ["grant.create", () => edge.post("/api/v1/grants", { principal: "user:y", ...ANY[0] })],
  grantUpdate: ["grant.update", async () => edge.ask("PATCH", `/api/v1/grants/${await newGrant()}`, { body: ANY[0] })],
  grantDelete: ["grant.delete", async () => edge.ask("DELETE", `/api/v1/grants/${await newGrant()}`)],
};

const VM = "11111111-2222-4333-8444-555555555555";
const inPath = (path: string) =>
  path
    .replace("{host}", "walked")
    .replace("{vm}", VM)
    .replaceAll(/\{(disk|nic|snapshot)\}/g, "one");

/** Each is a job, whose record names the operation. */
const vmChanges = (Object.entries(VM_ROUTES) as [keyof typeof VM_ROUTES, Route][])
  .filter(([name, route]) => route.changes && name !== "vmConsole")
  .map(([name, route]): [string, string, () => Promise<Asked>] => {
    const body = Object.hasOwn(VM_BODIES, name) ? { body: VM_BODIES[name as keyof typeof VM_BODIES] } : {};
    const action = route.rule.who === "operation" ? (route.rule.operation ?? "") : "";
    return [name, action, () => edge.ask(route.method, inPath(route.path), body)];
  });

async function recordsOf(requestId: string): Promise<AuditRecord[]> {
  const { body } = await edge.get("/api/v1/audit?limit=200");
  return (body.items as unknown as AuditRecord[]).filter((record) => record.request_id === requestId);
}

/** What stands behind a service or a model answers; what models are managed by is walked in models/access.test.ts. */
const passes = (route: Route) => route.dialect !== undefined;
const changing = (Object.entries(ROUTES) as [RouteName, Route][]).filter(([, route]) => route.changes && !passes(route));

beforeAll(async () => {
  await enrol(edge, "walked", ["walked"]);
  const screens = await enrol(edge, "walked-screens");
  await ScriptedRelay.connect(screens, { catalogue: { ...CATALOGUE, operations: ["vm.console"], terminals: true, lanes: 1 } });
  const ticket = () => edge.post("/api/v1/hosts/walked-screens/terminals", {});
  await eventually(async () => (await ticket()).status === 201, "the host's word at the Fleet");
});

describe("a changing request", () => {
  it("is walked below, all but calls, which only ask", () => {
    expect([...Object.keys(DONE), ...vmChanges.map(([name]) => name), "calls"].sort()).toEqual(changing.map(([name]) => name).sort());
  });

  const done = Object.entries(DONE).map(([name, [action, ask]]) => [name, action, ask] as const);
  it.each([...done, ...vmChanges])("%s leaves a record of its request", async (name, action, ask) => {
    const answer = await ask();
    expect(answer.status, `${name} ${answer.text}`).toBeLessThan(300);
    const requestId = answer.headers.get("x-request-id")!;
    await eventually(async () => (await recordsOf(requestId)).length > 0, `the record of ${name}`);
    const records = await recordsOf(requestId);
    expect(records.map((record) => record.action)).toContain(action);
    for (const record of records) expect(record.principal).toBe("key:admin");
  });

  it("that is refused leaves none", async () => {
    const { body: reader } = await edge.post("/api/v1/keys", { name: "reader", grants: ANY });
    const ids = await Promise.all([newJob(), newKey(), newGrant()]);
    const ask = (route: Route, more: More) =>
      edge.ask(route.method, inPath(route.path).replace("{id}", ids[0]).replace("{key}", ids[1]).replace("{grant}", ids[2]), more);
    const before = await edge.get("/api/v1/audit?limit=200");
    // A session is anyone's own; signing out without one changes nothing.
    for (const [name, route] of changing.filter(([name]) => !["signOut", "signInCodes", "calls"].includes(name)))
      for (const more of [{ key: null }, { key: reader.key }, { headers: { origin: "https://evil.test" } }])
        expect((await ask(route, route.body ? { ...more, body: {} } : more)).status, name).toBeGreaterThanOrEqual(400);
    const after = await edge.get("/api/v1/audit?limit=200");
    const requestIds = (answer: Asked) => new Set((answer.body.items as unknown as AuditRecord[]).map((record) => record.request_id));
    // A host's own records come a moment later: those of the jobs above, and no others.
    const fresh = [...requestIds(after)].filter((id) => !requestIds(before).has(id));
    expect(fresh.length).toBeLessThanOrEqual(1);
  });
});
