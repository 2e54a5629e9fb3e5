// The Worker with an exchange that a test scripts: the real Fleet, real routes and rules, no lane. Hosts are enrolled for
// real, and what they offer is reported to the Fleet as a Host object reports it.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import type { Service } from "../../../protocol/services.ts";
import { snapshotCacheOf } from "../../../worker/auth/snapshot.ts";
import type { HostReport } from "../../../worker/fleet/contract.ts";
import { fleetOf } from "../../../worker/fleet/objects.ts";
import type { ExchangeInput, ExchangeResult } from "../../../worker/routing/contract.ts";
import { appWith } from "../../../worker/routes/app.ts";
import { HANDLERS } from "../../../worker/routes/handlers.ts";
import { lmstudioRoutes } from "../../../worker/routes/models/lmstudio.ts";
import { ollamaRoutes } from "../../../worker/routes/models/ollama.ts";
import { openaiRoutes } from "../../../worker/routes/models/openai.ts";
import { CATALOGUE, eventually } from "../host/scripted-relay.ts";
import { Edge, type More } from "../routes/edge.ts";
import { enrol } from "../routes/enrolled.ts";

/** What one exchange was asked, its body as text. */
export interface Sent {
  readonly host: string;
  readonly open: ExchangeInput["open"];
  readonly body: string | null;
  readonly contentLength: number | null;
  readonly headers: Headers;
  readonly still: () => void;
}
type Script = (sent: Sent) => ExchangeResult | Promise<ExchangeResult>;

export const answering = (value: unknown, init: ResponseInit = {}): ExchangeResult => ({
  response: typeof value === "string" ? new Response(value, init) : Response.json(value, init),
});
export const refusing = (
  untouched: boolean,
  code: "UPSTREAM_UNREACHABLE" | "LANE_UNAVAILABLE" = "UPSTREAM_UNREACHABLE",
): ExchangeResult => ({
  refused: { code, message: "refused by the test", untouched },
});

/** A text's bytes, so many at a time. */
export function inPieces(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull(to) {
      if (at >= bytes.length) to.close();
      else to.enqueue(bytes.slice(at, (at += size)));
    },
  });
}

export const model = (id: string, more: Partial<Service["models"][number]> = {}) => ({
  id,
  loaded: false,
  context_length: null,
  kind: null,
  ...more,
});
export const service = (kind: Service["kind"], models: Service["models"], more: Partial<Service> = {}): Service => ({
  name: kind,
  kind,
  healthy: true,
  detail: "",
  routes: [],
  manage: false,
  default_model: null,
  models,
  ...more,
});

export class ModelEdge {
  readonly edge = new Edge();
  readonly sent: Sent[] = [];
  readonly busy = new Map<number, number>();
  /** Thrown by the exchange when the body it reads breaks off. */
  script: Script = () => answering({ ok: true });
  readonly #app: ReturnType<typeof appWith>;
  readonly #revisions = new Map<number, number>();

  constructor() {
    const plane = {
      exchange: async (input: ExchangeInput): Promise<ExchangeResult> => {
        const body = input.body instanceof ReadableStream ? await new Response(input.body).text().catch(() => null) : input.body;
        const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : body;
        const { open, contentLength, still, host } = input;
        const sent = { host: host.name, open, body: text, contentLength, still, headers: input.headers ?? input.request.headers };
        this.sent.push(sent);
        return this.script(sent);
      },
      inFlight: (host: number) => this.busy.get(host) ?? 0,
    };
    this.#app = appWith({ ...HANDLERS, ...openaiRoutes(plane), ...ollamaRoutes(plane), ...lmstudioRoutes(plane) });
  }

  /** A host of that name, online, with these services. */
  async host(name: string, services: Service[], online = true): Promise<number> {
    const { number } = await enrol(this.edge, name);
    await this.report(number, services, online);
    return number;
  }

  /** `isKnown`: the Worker's copy of the access data is told too. */
  async report(number: number, services: Service[], online = true, isKnown = true): Promise<void> {
    const revision = (this.#revisions.get(number) ?? 0) + 1;
    this.#revisions.set(number, revision);
    const report: HostReport = {
      hostNumber: number,
      revision,
      presence: {
        online,
        lastSeenAtMs: Date.now(),
        relayVersion: "0",
        slots: 1,
        queue: { held: 0, queued: 0, delivered: 0, running: 0 },
        relayLabels: [],
        catalogue: { ...CATALOGUE, services, lanes: 1 },
      },
      jobs: [],
      audit: [],
    };
    await fleetOf(this.edge.env).report(report);
    if (isKnown) snapshotCacheOf(this.edge.env).invalidate();
  }

  async key(grants: unknown): Promise<string> {
    const made = await this.edge.post("/api/v1/keys", { name: "k", grants: Array.isArray(grants) ? grants : [grants] });
    if (made.status !== 201) throw new Error(JSON.stringify(made.body));
    return made.body.key;
  }

  async ask(method: string, path: string, more: More = {}) {
    this.sent.length = 0;
    const ctx = createExecutionContext();
    const response = await this.#app.fetch(this.edge.request(method, path, more), this.edge.env, ctx);
    const text = await response.text();
    await waitOnExecutionContext(ctx);
    const isJson = /json/.test(response.headers.get("content-type") ?? "") && text !== "" && !text.includes("\n");
    return { status: response.status, headers: response.headers, text, body: (isJson ? JSON.parse(text) : {}) as Record<string, unknown> };
  }

  readonly until = (what: () => Promise<boolean>) => eventually(what, "a condition");
  readonly post = (path: string, body: unknown, more: More = {}) => this.ask("POST", path, { ...more, body });
  readonly get = (path: string, more: More = {}) => this.ask("GET", path, more);
}
