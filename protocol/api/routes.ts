// Every route there is, with who may call it. The Worker mounts this list and nothing else; OpenAPI, the docs page and the
// authorisation tests read it.
import * as z from "zod";
import type { Use } from "../access.ts";
import type { Dialect } from "../services.ts";
import { accepted, admin, change, everywhere, get, people, v1, type Route } from "./route.ts";
import * as shape from "./shapes.ts";
import { VM_ROUTES } from "./vm-routes.ts";

export type { Route, RouteRule, Surface } from "./route.ts";

const hostAdmin = { who: "host", role: "admin" } as const;
/** The model plane: the body passes as it is; errors in the dialect's shape. */
const model = <const P extends string, const M extends Route["method"]>(method: M, path: P, summary: string, use: Use, dialect: Dialect) =>
  ({
    method,
    path,
    summary,
    rule: { who: "use", use },
    surfaces: people,
    answers: { 200: "application/json" },
    changes: method !== "GET" && method !== "HEAD",
    dialect,
  }) as const satisfies Route;
const ask = <const P extends string>(path: P, summary: string, dialect: Dialect) => model("POST", path, summary, "model.use", dialect);
const look = <const P extends string>(path: P, summary: string, dialect: Dialect) => model("GET", path, summary, "model.list", dialect);
const manage = <const P extends string, const M extends Route["method"]>(method: M, path: P, summary: string) =>
  model(method, path, summary, "model.manage", "ollama");

export const ROUTES = {
  healthz: get("/healthz", "Is the edge up", { who: "public" }, z.object({ status: z.literal("ok") }), { surfaces: everywhere }),
  signInPage: get("/sign-in", "The page that a sign-in link opens", { who: "public" }, "text/html", { surfaces: ["app"] }),
  signInScript: get("/sign-in.js", "Its script", { who: "public" }, "text/javascript", { surfaces: ["app"] }),
  sessionCreate: change(
    "POST",
    "/session",
    "Exchange a one-time sign-in code for a browser session",
    { who: "public" },
    { 204: null },
    { body: shape.sessionCreateSchema, surfaces: ["app"] },
  ),
  linkEnroll: change(
    "POST",
    "/link/enroll",
    "Exchange a single-use enrolment code for a host",
    { who: "public" },
    { 201: shape.enrolledSchema },
    { body: shape.enrollClaimSchema, surfaces: ["link", "app", "api"] },
  ),
  link: get("/link", "The relay's socket: query `host` (number) and `lane`; then a signed challenge", { who: "public" }, "websocket", {
    surfaces: ["link"],
    socket: true,
    query: z.strictObject({ host: z.coerce.number().int().min(1), lane: z.coerce.number().int().min(0).max(255).default(0) }),
  }),

  openapi: get("/openapi.json", "This interface as OpenAPI 3.1", { who: "authenticated" }, z.record(z.string(), z.unknown())),
  docs: get("/docs", "A page to read and try this interface", { who: "authenticated" }, "text/html"),
  docsScript: get("/docs.js", "Its script", { who: "authenticated" }, "text/javascript"),

  root: get("/", "For a browser: the way to the app. For a program: a line of text", { who: "authenticated" }, "text/html"),
  appRoot: get("/app", "The way to the web app", { who: "authenticated" }, "text/html", { surfaces: ["app"] }),
  app: get("/app/{path*}", "The web app", { who: "authenticated" }, "text/html", { surfaces: ["app"] }),

  me: get(v1("/me"), "Who you are and what you may do", { who: "authenticated" }, shape.meSchema),
  signOut: change("DELETE", v1("/session"), "End this browser session", { who: "authenticated" }, { 204: null }),
  signInCodes: change(
    "POST",
    v1("/sign-in-codes"),
    "Make a one-time sign-in link for yourself",
    { who: "authenticated" },
    { 201: shape.signInCodeSchema },
    { fresh: true },
  ),
  hosts: get(v1("/hosts"), "Hosts that you may see", { who: "authenticated" }, shape.listOf(shape.hostSchema), {
    query: shape.pageQuerySchema,
  }),
  host: get(v1("/hosts/{host}"), "One host", { who: "host", role: "reader" }, shape.hostSchema),
  hostUpdate: change(
    "PATCH",
    v1("/hosts/{host}"),
    "Change labels or note",
    hostAdmin,
    { 200: shape.hostSchema },
    { body: shape.hostUpdateSchema, fresh: true },
  ),
  hostDelete: change(
    "DELETE",
    v1("/hosts/{host}"),
    "Remove a host; its relay is refused from then on",
    hostAdmin,
    { 204: null },
    { fresh: true },
  ),
  enrollments: change(
    "POST",
    v1("/enrollments"),
    "Make a single-use enrolment code",
    admin,
    { 201: shape.enrollmentSchema },
    { body: shape.enrollmentCreateSchema, fresh: true },
  ),
  operations: get(v1("/operations"), "Every operation there is", { who: "authenticated" }, shape.listOf(shape.operationSchema)),
  operation: get(v1("/operations/{operation}"), "One operation", { who: "authenticated" }, shape.operationSchema),
  calls: change(
    "POST",
    v1("/hosts/{host}/calls"),
    "Ask a host something, answered at once; a failed call is 200 with its result",
    { who: "operation" },
    { 200: z.unknown() },
    { body: shape.callSchema },
  ),
  submit: change(
    "POST",
    v1("/hosts/{host}/jobs"),
    "Submit a job. Headers: Idempotency-Key, Prefer: wait=30",
    { who: "operation" },
    accepted,
    { body: shape.submitSchema, query: shape.submitQuerySchema },
  ),
  fanOut: change(
    "POST",
    v1("/jobs"),
    "Submit a job to a host, to one host with the labels, or to all of them",
    { who: "authenticated" },
    accepted,
    { body: shape.fanOutSchema, query: shape.submitQuerySchema },
  ),
  jobs: get(v1("/jobs"), "Jobs, newest first", { who: "authenticated" }, shape.listOf(shape.jobSummarySchema), {
    query: shape.jobsQuerySchema,
  }),
  job: get(v1("/jobs/{id}"), "One job", { who: "job", role: "reader" }, shape.jobSchema),
  jobEvents: get(
    v1("/jobs/{id}/events"),
    "Server-sent events `status`, `log`, `progress`, `gap`, `result`; Last-Event-ID resumes; or Accept: application/x-ndjson",
    { who: "job", role: "reader" },
    "text/event-stream",
  ),
  jobOutput: get(
    v1("/jobs/{id}/output"),
    "Output bytes from an offset on, or a Range",
    { who: "job", role: "reader" },
    "application/octet-stream",
    { query: shape.outputQuerySchema },
  ),
  jobCancel: change(
    "POST",
    v1("/jobs/{id}/cancel"),
    "Cancel; its processes are gone within 5 s",
    { who: "job", role: "operator" },
    { 202: shape.jobSchema },
  ),
  keys: get(v1("/keys"), "API keys, without their secrets", admin, shape.listOf(shape.keySchema), {
    query: shape.pageQuerySchema,
    fresh: true,
  }),
  keyCreate: change(
    "POST",
    v1("/keys"),
    "Make or import an API key",
    admin,
    { 201: shape.keyCreatedSchema },
    { body: shape.keyCreateSchema, fresh: true },
  ),
  keyUpdate: change(
    "PATCH",
    v1("/keys/{key}"),
    "Rename a key",
    admin,
    { 200: shape.keySchema },
    { body: shape.keyUpdateSchema, fresh: true },
  ),
  keyDelete: change("DELETE", v1("/keys/{key}"), "Revoke a key: it fails everywhere within 5 s", admin, { 204: null }, { fresh: true }),
  grants: get(v1("/grants"), "Who may do what", admin, shape.listOf(shape.grantSchema), { query: shape.pageQuerySchema, fresh: true }),
  grantCreate: change(
    "POST",
    v1("/grants"),
    "Allow a principal something",
    admin,
    { 201: shape.grantSchema },
    { body: shape.grantCreateSchema, fresh: true },
  ),
  grantUpdate: change(
    "PATCH",
    v1("/grants/{grant}"),
    "Replace what a grant allows",
    admin,
    { 200: shape.grantSchema },
    { body: shape.grantScopeSchema, fresh: true },
  ),
  grantDelete: change("DELETE", v1("/grants/{grant}"), "Take a grant back", admin, { 204: null }, { fresh: true }),
  terminalTicket: change(
    "POST",
    v1("/hosts/{host}/terminals"),
    "A single-use ticket for an interactive terminal's WebSocket; valid for 30 s and for you alone",
    { who: "use", use: "terminal.watch" },
    { 201: shape.terminalTicketSchema },
    { body: shape.terminalTicketCreateSchema },
  ),
  terminalSocket: get(
    v1("/hosts/{host}/terminals/socket"),
    "The terminal's WebSocket: binary messages are its bytes, text messages JSON (docs/terminals.md)",
    { who: "use", use: "terminal.watch" },
    "websocket",
    { socket: true, query: z.strictObject({ ticket: z.string().max(128) }) },
  ),
  ...VM_ROUTES,
  service: {
    method: "ALL",
    path: "/hosts/{host}/services/{service}/{path*}",
    summary: "A declared service of a host, on the routes that the host allows; also its WebSockets",
    rule: { who: "service" },
    surfaces: people,
    answers: { 200: "application/octet-stream" },
    changes: true,
    dialect: "http",
  } as const satisfies Route,

  openaiModels: look("/v1/models", "Models that you may use", "openai"),
  openaiModel: look("/v1/models/{model*}", "One model", "openai"),
  openaiChat: ask("/v1/chat/completions", "Chat", "openai"),
  openaiCompletions: ask("/v1/completions", "Complete a text", "openai"),
  openaiEmbeddings: ask("/v1/embeddings", "Embed", "openai"),
  openaiResponses: ask("/v1/responses", "Responses, where the server has them", "openai"),
  ollamaTags: look("/api/tags", "Models of all Ollama servers that you may use", "ollama"),
  ollamaPs: look("/api/ps", "Models that are in memory", "ollama"),
  ollamaVersion: look("/api/version", "Version of an Ollama server", "ollama"),
  ollamaShow: model("POST", "/api/show", "What a model is", "model.list", "ollama"),
  ollamaChat: ask("/api/chat", "Chat", "ollama"),
  ollamaGenerate: ask("/api/generate", "Complete a text; without a model: the ingest contract", "ollama"),
  ollamaEmbed: ask("/api/embed", "Embed", "ollama"),
  ollamaEmbeddings: ask("/api/embeddings", "Embed, in Ollama's older shape", "ollama"),
  ollamaCreate: manage("POST", "/api/create", "Create a model"),
  ollamaCopy: manage("POST", "/api/copy", "Copy a model"),
  ollamaDelete: manage("DELETE", "/api/delete", "Delete a model"),
  ollamaPull: manage("POST", "/api/pull", "Pull a model"),
  ollamaPush: manage("POST", "/api/push", "Push a model"),
  ollamaBlobHead: manage("HEAD", "/api/blobs/{digest}", "Is a blob there"),
  ollamaBlobPut: manage("POST", "/api/blobs/{digest}", "Upload a blob"),
  lmstudioV0: model("ALL", "/lmstudio/api/v0/{path*}", "LM Studio's own interface", "model.list", "lmstudio"),
  lmstudioV1: model("ALL", "/lmstudio/api/v1/{path*}", "LM Studio's own interface", "model.list", "lmstudio"),

  usage: get(
    v1("/usage"),
    "Requests and tokens by day, principal, host and model; an admin sees all, others their own",
    { who: "authenticated" },
    shape.listOf(shape.usageItemSchema),
    { query: shape.usageQuerySchema },
  ),
  audit: get(v1("/audit"), "What was changed, newest first", admin, shape.listOf(shape.auditRecordSchema), {
    query: shape.auditQuerySchema,
    fresh: true,
  }),
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof ROUTES;
