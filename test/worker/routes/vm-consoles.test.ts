// Tickets for consoles: who gets one, what it is bound to, and where there are none. A real guest is in test/e2e.
import { beforeAll, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { rows } from "../host/edge.ts";
import { CATALOGUE, eventually, ScriptedRelay, type HostUnderTest } from "../host/scripted-relay.ts";
import { Edge, type More } from "./edge.ts";
import { enrol } from "./enrolled.ts";

const VM = "11111111-2222-4333-8444-555555555555";
const OTHER = "11111111-2222-4333-8444-666666666666";
const edge = new Edge();
const keys: Record<string, string> = {};
let host: HostUnderTest;

const ask = (body: object = {}, more: More = {}, vm = VM, name = host.name) =>
  edge.post(`/api/v1/hosts/${name}/vms/${vm}/console`, body, more);
const dial = (url: string, more: More = {}) => edge.get(url, { ...more, headers: { upgrade: "websocket", ...more.headers } });

beforeAll(async () => {
  host = await enrol(edge, "with-consoles");
  const catalogue = { ...CATALOGUE, operations: ["vm.console"], lanes: 1, terminals: true };
  await ScriptedRelay.connect(host, { catalogue });
  const grants = {
    reader: { role: "reader", hosts: ["*"] },
    operator: { role: "operator", hosts: ["*"] },
    elsewhere: { role: "operator", hosts: ["another"] },
    console: { role: "operator", hosts: ["*"], operations: ["vm.console"] },
    power: { role: "operator", hosts: ["*"], operations: ["vm.start"] },
  };
  for (const [name, grant] of Object.entries(grants)) keys[name] = (await edge.post("/api/v1/keys", { name, grants: [grant] })).body.key;
  await eventually(async () => (await ask()).status === 201, "the host's word at the Fleet");
});

describe("a console's ticket", () => {
  it("is given with the path of its socket, audited, and only its hash is kept", async () => {
    const { status, body } = await ask({ console: "screen" }, {}, VM.toUpperCase());
    expect(status).toBe(201);
    const url = `/api/v1/hosts/${host.name}/vms/${VM}/console/socket?ticket=${String(body["ticket"])}`;
    expect(body).toMatchObject({ console: "screen", url });
    expect(Date.parse(String(body["expires_at"])) - Date.now()).toBeLessThanOrEqual(LIMITS.terminalTicketMs);
    const kept = await rows(host, "SELECT * FROM tickets");
    expect(JSON.stringify(kept)).not.toContain(body["ticket"]);
    const audit = JSON.stringify(await rows(host, "SELECT record FROM audit ORDER BY seq DESC LIMIT 1"));
    expect(audit).toContain("console.ticket");
    expect(audit).not.toContain(body["ticket"]);
  });

  it.each([
    ["operator", {}, VM, 201],
    ["console", { console: "serial", take_over: true }, VM, 201],
    ["reader", {}, VM, 403],
    ["power", {}, VM, 403],
    ["elsewhere", {}, VM, 404],
    ["operator", { console: "spice" }, VM, 422],
    ["operator", { shell: true }, VM, 422],
    ["operator", {}, "web-1", 404],
  ])("for %s with %j of %s: %i", async (name, body, vm, status) => {
    expect((await ask(body, { key: keys[name]! }, vm)).status).toBe(status);
  });

  it("is refused for a host that is away, or offers no consoles", async () => {
    await enrol(edge, "away");
    expect((await ask({}, {}, VM, "away")).body.code).toBe("HOST_OFFLINE");
    const bare = await enrol(edge, "no-consoles");
    await ScriptedRelay.connect(bare);
    expect((await ask({}, {}, VM, "no-consoles")).body.code).toBe("OPERATION_UNSUPPORTED");
  });

  it("opens a socket once, of its machine, for its principal, as a console only", async () => {
    const url = async () => String((await ask()).body["url"]);
    const stolen = await url();
    expect((await dial(stolen, { key: keys["operator"]! })).body.code).toBe("TICKET_INVALID");
    expect((await dial(stolen)).body.code).toBe("TICKET_INVALID");
    const moved = await url();
    expect((await dial(moved.replace(VM, OTHER))).body.code).toBe("TICKET_INVALID");
    expect((await dial(moved)).body.code).toBe("TICKET_INVALID");
    const asTerminal = (await url()).replace(`vms/${VM}/console`, "terminals");
    expect((await dial(asTerminal)).body.code).toBe("TICKET_INVALID");
    const terminal = String((await edge.post(`/api/v1/hosts/${host.name}/terminals`, {})).body["url"]);
    expect((await dial(terminal.replace("terminals", `vms/${VM}/console`))).body.code).toBe("TICKET_INVALID");
    const good = await url();
    // There is no lane in this test: the ticket was taken, the host's stream connection is missing.
    expect((await dial(good)).body.code).toBe("LANE_UNAVAILABLE");
    expect((await dial(good)).body.code).toBe("TICKET_INVALID");
  });

  it("is refused to a page of another origin, without an upgrade, when it is none, and when its time has come", async () => {
    const { body } = await ask();
    const url = String(body["url"]);
    expect((await dial(url, { headers: { origin: "https://evil.example" } })).body.code).toBe("ORIGIN_REFUSED");
    expect((await edge.get(url)).body.code).toBe("UPGRADE_REQUIRED");
    for (const ticket of ["", "x", "A".repeat(32), "' OR 1=1 --"])
      expect((await dial(url.replace(/=.*/, `=${encodeURIComponent(ticket)}`))).body.code).toBe("TICKET_INVALID");
    const now = Date.now();
    const clock = vi.spyOn(Date, "now").mockImplementation(() => now + LIMITS.terminalTicketMs + 1);
    try {
      expect((await dial(url)).body.code).toBe("TICKET_INVALID");
    } finally {
      clock.mockRestore();
    }
  });
});
