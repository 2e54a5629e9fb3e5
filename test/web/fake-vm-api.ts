// A fake of the routes of virtual machines, in the browser of a test: for how pages look in states that a real host is seldom in.
// The edge, the app and everything else are real.
import type { Page, Route } from "playwright-core";
import { IDS, snapshot, stats, summary, VIRTUAL, vm } from "./fake-vms.ts";

/** 1 × 1, dark. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly plan: boolean;
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface FakeVmApi {
  readonly sent: Sent[];
  /** What the next changes are answered; null: done. */
  answer: ((sent: Sent) => Answer | null) | null;
  vms: readonly object[];
  hasHypervisor: boolean;
  /** What the host declares, and its machines as it tells them. */
  machines: FakeMachines;
}

export interface FakeMachines {
  readonly virtual: object;
  readonly vm: (id: string, name: string, state: string) => object;
  readonly snapshots: readonly object[];
  readonly stats: (turn: number) => object;
}

const KVM: FakeMachines = {
  virtual: VIRTUAL,
  vm,
  snapshots: [snapshot("fresh", null, false), snapshot("before-upgrade", "fresh", true), snapshot("try-php", "fresh", false)],
  stats,
};

const done = (sent: Sent, data: object) => ({
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  status: "succeeded",
  operation: "vm.update",
  result: {
    status: "success",
    message: "done",
    logs: [],
    correlation_id: "c",
    data: { id: IDS.web, planned: sent.plan, changed: [], changes: [], not_changed: [], needs_restart: false, ...data },
  },
});

export const failed = (code: string, detail: string, remedy: string, errors: readonly object[] = []): Answer => ({
  status: 422,
  body: { type: `urn:farhand:error:${code}`, title: detail, status: 422, detail, code, remedy, retryable: false, request_id: "r", errors },
});

/** A job that has not ended: its events say the rest. */
export const RUNNING: Answer = {
  status: 202,
  body: { id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", status: "running", operation: "vm.start", result: null },
};

/** A plan that says that this field waits for a restart. */
export const planOf = (field: string, from: unknown, to: unknown, needs_restart: boolean): Answer => ({
  status: 200,
  body: done(
    { method: "", path: "", plan: true, body: null },
    { changed: [field], changes: [{ field, from, to, needs_restart }], needs_restart },
  ),
});

function read(api: FakeVmApi, path: string, turn: number): object | null {
  const as_of = new Date(Date.now() - 3_000).toISOString();
  if (path === "/api/v1/vms") return { items: api.vms.map((item) => ({ as_of, stale: false, host: "vm100", ...item })), next_cursor: null };
  const [, id, part] = /\/vms\/([^/]+)(?:\/(.+))?$/.exec(path) ?? [];
  const names = Object.entries(IDS).find(([, known]) => known === id);
  if (!names) return null;
  const { machines } = api;
  if (part === undefined) return machines.vm(names[1], names[0], names[0] === "web" ? "running" : "off");
  if (part === "stats") return machines.stats(turn);
  if (part === "snapshots") return { items: machines.snapshots };
  return null;
}

async function withHypervisor(route: Route, api: FakeVmApi): Promise<void> {
  const answer = await route.fetch();
  const body = (await answer.json()) as Record<string, unknown>;
  const operations = ["vm", "disk", "nic", "snapshot", "iso"].flatMap((noun) =>
    "list get create update delete rename stats start shutdown stop reboot reset suspend resume save screenshot console send-keys resize detach attach revert eject"
      .split(" ")
      .map((verb) => `${noun}.${verb}`),
  );
  const add = (host: Record<string, unknown>) => {
    const capabilities = host["capabilities"] as { operations: string[] } | null;
    return capabilities
      ? {
          ...host,
          capabilities: {
            ...capabilities,
            operations: [...capabilities.operations, ...operations],
            virtual: api.hasHypervisor ? api.machines.virtual : null,
          },
        }
      : host;
  };
  const items = body["items"] as Record<string, unknown>[] | undefined;
  await route.fulfill({ response: answer, json: items ? { ...body, items: items.map(add) } : add(body) });
}

export async function fakeVmApi(page: Page, machines = KVM): Promise<FakeVmApi> {
  const api: FakeVmApi = {
    sent: [],
    answer: null,
    hasHypervisor: true,
    machines,
    vms: [
      summary(IDS.web, "web", "running"),
      summary(IDS.db, "db", "off"),
      { ...summary(IDS.old, "old", "running"), stale: true, as_of: "2026-01-05T10:00:00Z", host: "attic" },
    ],
  };
  let turn = 0;
  await page.route(/\/api\/v1\/hosts(\/vm100)?(\?.*)?$/, (route) => withHypervisor(route, api));
  await page.route(/\/api\/v1\/(vms|hosts\/vm100\/vms)(\/|\?|$)|\/hosts\/vm100\/jobs(\?|$)/, async (route) => {
    const request = route.request();
    const url = new URL(request.url());
    if (url.pathname.endsWith("/jobs") && request.method() === "GET") return route.fallback();
    if (url.pathname.endsWith("/screenshot")) return route.fulfill({ contentType: "image/png", body: Buffer.from(PNG, "base64") });
    if (request.method() === "GET") {
      const json = read(api, url.pathname, turn++);
      return route.fulfill(json ? { json } : { status: 404, json: failed("VM_NOT_FOUND", "There is no such virtual machine.", "").body });
    }
    const plan = url.searchParams.get("plan") === "true";
    const sent: Sent = { method: request.method(), path: url.pathname, plan, body: request.postDataJSON() as unknown };
    api.sent.push(sent);
    const answer = api.answer?.(sent) ?? { status: 200, body: done(sent, { changed: ["x"], changes: [] }) };
    return route.fulfill({ status: answer.status, json: answer.body });
  });
  return api;
}
