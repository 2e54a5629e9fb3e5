// Tickets for interactive terminals: who gets one, for how long, how often; what the host's object keeps of it.
import { beforeAll, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { rows } from "../host/edge.ts";
import { CATALOGUE, eventually, ScriptedRelay, type HostUnderTest } from "../host/scripted-relay.ts";
import { Edge, type More } from "./edge.ts";
import { enrol } from "./enrolled.ts";

const edge = new Edge();
const keys: Record<string, string> = {};
let host: HostUnderTest;

const ask = (body: object = {}, more: More = {}, name = host.name) => edge.post(`/api/v1/hosts/${name}/terminals`, body, more);
const dial = (url: string, more: More = {}) => edge.get(url, { ...more, headers: { upgrade: "websocket", ...more.headers } });

beforeAll(async () => {
  host = await enrol(edge, "with-terminals");
  await ScriptedRelay.connect(host, { catalogue: { ...CATALOGUE, terminals: true, lanes: 1 } });
  const grants = {
    reader: { role: "reader", hosts: ["*"] },
    operator: { role: "operator", hosts: ["*"] },
    elsewhere: { role: "operator", hosts: ["another"] },
    watcher: { role: "operator", hosts: ["*"], operations: ["terminal.watch"] },
    jobs: { role: "operator", hosts: ["*"], operations: ["command.*"] },
  };
  for (const [name, grant] of Object.entries(grants)) keys[name] = (await edge.post("/api/v1/keys", { name, grants: [grant] })).body.key;
  await eventually(async () => (await ask()).status === 201, "the host's word at the Fleet");
});

describe("a ticket", () => {
  it("is given with the path of its socket, and only its hash is kept", async () => {
    const { status, body } = await ask({ columns: 100, rows: 30 });
    expect(status).toBe(201);
    expect(body).toMatchObject({ mode: "write", url: `/api/v1/hosts/${host.name}/terminals/socket?ticket=${String(body["ticket"])}` });
    expect(Date.parse(String(body["expires_at"])) - Date.now()).toBeLessThanOrEqual(LIMITS.terminalTicketMs);
    const kept = await rows(host, "SELECT * FROM tickets");
    expect(kept.at(-1)).toMatchObject({ principal: "key:admin" });
    expect(JSON.stringify(kept)).not.toContain(body["ticket"]);
    const audit = await rows(host, "SELECT record FROM audit ORDER BY seq DESC LIMIT 1");
    expect(JSON.stringify(audit)).not.toContain(body["ticket"]);
  });

  it.each([
    ["operator", {}, 201],
    ["operator", { terminal: "t-1", mode: "read" }, 201],
    ["reader", {}, 403],
    ["reader", { terminal: "t-1", mode: "read" }, 201],
    ["watcher", { terminal: "t-1" }, 403],
    ["watcher", { terminal: "t-1", mode: "read" }, 201],
    ["elsewhere", {}, 404],
    ["jobs", {}, 403],
    ["operator", { mode: "read" }, 422],
    ["operator", { columns: 1 }, 422],
    ["operator", { columns: 80, shell: "sh" }, 422],
  ])("for %s with %j: %i", async (name, body, status) => {
    expect((await ask(body, { key: keys[name]! })).status).toBe(status);
  });

  it("is refused for a host that is offline, or does not have terminals", async () => {
    await enrol(edge, "offline");
    expect((await ask({}, {}, "offline")).body.code).toBe("HOST_OFFLINE");
    const bare = await enrol(edge, "bare");
    await ScriptedRelay.connect(bare);
    expect((await ask({}, {}, "bare")).body.code).toBe("TERMINALS_DISABLED");
  });

  it("opens a socket once, for its principal only", async () => {
    const first = (await ask()).body;
    const stolen = await dial(String(first["url"]), { key: keys["operator"]! });
    expect(stolen.body.code).toBe("TICKET_INVALID");
    expect((await dial(String(first["url"]))).body.code).toBe("TICKET_INVALID");
    const second = (await ask()).body;
    // There is no lane in this test: the ticket was taken, the host's stream connection is missing.
    expect((await dial(String(second["url"]))).body.code).toBe("LANE_UNAVAILABLE");
    expect((await dial(String(second["url"]))).body.code).toBe("TICKET_INVALID");
  });

  it("is refused to a page of another origin, without an upgrade, and when it is none", async () => {
    const { body } = await ask();
    expect((await dial(String(body["url"]), { headers: { origin: "https://evil.example" } })).body.code).toBe("ORIGIN_REFUSED");
    expect((await edge.get(String(body["url"]))).body.code).toBe("UPGRADE_REQUIRED");
    for (const ticket of ["", "x", "A".repeat(32), "' OR 1=1 --", "A".repeat(129)])
      expect([403, 422]).toContain((await dial(`/api/v1/hosts/${host.name}/terminals/socket?ticket=${encodeURIComponent(ticket)}`)).status);
  });

  it("expires, and goes with the next", async () => {
    const { body } = await ask();
    const now = Date.now();
    const clock = vi.spyOn(Date, "now").mockImplementation(() => now + LIMITS.terminalTicketMs + 1);
    try {
      expect((await dial(String(body["url"]))).body.code).toBe("TICKET_INVALID");
    } finally {
      clock.mockRestore();
    }
  });

  it("is one of a bounded number, and is not pushed out by another's many", async () => {
    const { body } = await ask({}, { key: keys["operator"]! });
    for (let i = 0; i < LIMITS.terminalTickets + 5; i += 32) await Promise.all(Array.from({ length: 32 }, () => ask()));
    const [count] = await rows(host, "SELECT count(*) AS n FROM tickets");
    expect(count!["n"]).toBeLessThanOrEqual(LIMITS.terminalTickets);
    const kept = await rows(host, "SELECT principal, count(*) AS n FROM tickets GROUP BY principal ORDER BY n DESC");
    expect(kept[0]).toEqual({ principal: "key:admin", n: LIMITS.terminalTicketsEach });
    expect((await dial(String(body["url"]), { key: keys["operator"]! })).body.code).not.toBe("TICKET_INVALID");
  });
});
