// OpenAPI 3.1 of the whole interface, derived from ROUTES, the operations and the errors. No I/O: scripts/generate.ts writes it.
import * as z from "zod";
import { USES } from "./access.ts";
import { problemSchema } from "./api/shapes.ts";
import { accepted } from "./api/route.ts";
import { ROUTES, type Route, type RouteName, type RouteRule } from "./api/routes.ts";
import { VM_ROUTES } from "./api/vm-routes.ts";
import { ERRORS } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { OPERATIONS } from "./operations/index.ts";
import { PRODUCT_VERSION } from "./version.ts";

type Tree = Record<string, unknown>;

const schemaOf = (schema: z.ZodType, io: "input" | "output"): Tree => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io }) as Tree;
  return rest;
};

const RULES: Record<RouteRule["who"], (rule: RouteRule) => string> = {
  public: () => "Anyone: a code, a signature or a challenge proves what is done.",
  authenticated: () => "Any principal; what is shown and done is what its grants allow.",
  fleet: (rule) => `Needs a grant of role ${roleOf(rule)} on all hosts and all operations.`,
  host: (rule) => `Needs a grant of role ${roleOf(rule)} on the host${roleOf(rule) === "admin" ? ", for all operations" : ""}.`,
  operation: (rule) =>
    `Needs a grant on the host that covers ${rule.who === "operation" && rule.operation !== undefined ? `\`${rule.operation}\`` : "the operation"}: \`reader\` for risk \`read\`, else \`operator\`.`,
  use: (rule) =>
    rule.who === "use" ? `Needs a grant that covers \`${rule.use}\` (role ${USES[rule.use]}); models and surfaces of the grant count.` : "",
  service: () => "Needs a grant on the host that covers `service.<name>`: `reader` for GET and HEAD, else `operator`.",
  job: (rule) => `Needs a grant of role ${roleOf(rule)} on the job's host that covers its operation.`,
};
const roleOf = (rule: RouteRule): string => ("role" in rule ? rule.role : "");

const SUBMIT_HEADERS = [
  {
    name: "Idempotency-Key",
    in: "header",
    description: "The same key and request answer the first job again",
    schema: { type: "string", maxLength: LIMITS.idempotencyKeyChars },
  },
  { name: "Prefer", in: "header", description: "`wait=30`: answer when the job has ended, at most 60 s", schema: { type: "string" } },
];
const EXTRA_HEADERS: Partial<Record<RouteName, readonly Tree[]>> = {
  jobEvents: [
    { name: "Last-Event-ID", in: "header", description: "Continue after this event", schema: { type: "string" } },
    { name: "Accept", in: "header", description: "`application/x-ndjson` for lines instead of events", schema: { type: "string" } },
  ],
  jobOutput: [{ name: "Range", in: "header", description: "`bytes=0-1023`", schema: { type: "string" } }],
};

/** An example body for each route that takes one: the docs page fills its form with it. */
const EXAMPLES: Partial<Record<RouteName, unknown>> = {
  sessionCreate: { code: "ABCDE-FGHJK-MNPQR-STVWX-YZ0123" },
  linkEnroll: { code: "ABCDE-FGHJK-MNPQR-STVWX-YZ0123", public_key: "MCowBQYDK2VwAyEA…" },
  hostUpdate: { labels: ["linux", "builder"], note: "under the desk" },
  enrollments: { host: "vm100", labels: ["linux"] },
  calls: { operation: "host.info", resource_spec: {} },
  submit: { operation: "command.run", resource_spec: { name: "restart", inputs: { unit: "nginx.service" } } },
  fanOut: { operation: "host.metrics", resource_spec: {}, target: { labels: ["linux"], pick: "all" } },
  keyCreate: { name: "ci", grants: [{ role: "operator", labels: ["builder"], operations: ["command.run"] }] },
  keyUpdate: { name: "ci of the shop" },
  grantCreate: { principal: "email:ada@example.com", role: "reader", hosts: ["*"], operations: ["*"] },
  terminalTicket: { mode: "write", columns: 120, rows: 40 },
  grantUpdate: { role: "operator", hosts: ["vm100"], operations: ["host.*", "command.run"] },
  vmCreate: {
    name: "web",
    cpus: 2,
    memory_bytes: 2 * 1024 ** 3,
    disks: [{ image: "debian-12", size_bytes: 20 * 1024 ** 3 }],
    nics: [{ network: "lan" }],
    start: true,
  },
  vmImport: { folder: "web-2026-11", name: "web" },
  vmUpdate: { cpus: 4, memory_bytes: 4 * 1024 ** 3 },
  vmShutdown: { wait_ms: 120_000, force: false },
  vmReboot: { wait_ms: 120_000, force: false },
  vmClone: { name: "web-2", mode: "full" },
  vmExport: { folder: "web-2026-11" },
  vmRename: { name: "shop" },
  vmSendKeys: { chords: [["ctrl", "alt", "delete"]] },
  vmConsole: { console: "serial" },
  diskCreate: { size_bytes: 10 * 1024 ** 3, name: "data" },
  diskUpdate: { size_bytes: 20 * 1024 ** 3 },
  nicCreate: { network: "lan" },
  nicUpdate: { network: "lan" },
  snapshotCreate: { name: "before-upgrade" },
  snapshotRevert: { power: "as-saved" },
};

function parametersOf(name: RouteName, route: Route): Tree[] {
  const path = [...route.path.matchAll(/\{([a-z]+)\*?\}/g)].map((found) => ({
    name: found[1],
    in: "path",
    required: true,
    schema: { type: "string" },
    ...(found[1] === "host" ? { description: "name or id" } : {}),
  }));
  const headers = route.answers === accepted ? SUBMIT_HEADERS : (EXTRA_HEADERS[name] ?? []);
  return [...path, ...(route.query ? queryParameters(route.query) : []), ...headers];
}

function queryParameters(query: z.ZodType): Tree[] {
  const { properties = {}, required = [] } = schemaOf(query, "output") as { properties?: Record<string, Tree>; required?: string[] };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name) && schema["default"] === undefined,
    schema,
  }));
}

function answersOf(route: Route): Tree {
  const answers: Tree = {};
  for (const [status, answer] of Object.entries(route.answers)) {
    if (route.socket) answers["101"] = { description: "The socket" };
    else if (answer === null) answers[status] = { description: "Done" };
    else if (typeof answer === "string") answers[status] = { description: "OK", content: { [answer]: {} } };
    else answers[status] = { description: "OK", content: { "application/json": { schema: schemaOf(answer, "output") } } };
  }
  answers["default"] = { $ref: "#/components/responses/Problem" };
  return answers;
}

const tagOf = (name: RouteName, { path }: Route): string =>
  Object.hasOwn(VM_ROUTES, name)
    ? "virtual machines"
    : (path.split("/").find((part) => part !== "" && part !== "api" && part !== "v1") ?? "root");

function operationOf(name: RouteName, route: Route): Tree {
  const isPublic = route.rule.who === "public";
  const isNeeded = route.body !== undefined && !route.body.safeParse({}).success;
  const example = EXAMPLES[name] ?? (isNeeded ? undefined : {});
  return {
    operationId: name,
    summary: route.summary,
    description: RULES[route.rule.who](route.rule),
    tags: [tagOf(name, route)],
    parameters: parametersOf(name, route),
    ...(route.body
      ? {
          requestBody: {
            required: isNeeded,
            content: { "application/json": { schema: schemaOf(route.body, "input"), ...(example === undefined ? {} : { example }) } },
          },
        }
      : {}),
    responses: answersOf(route),
    security: isPublic ? [] : [{ key: [] }, { keyHeader: [] }, { access: [] }, { session: [] }],
    "x-rule": route.rule,
    "x-surfaces": [...route.surfaces],
  };
}

/** Methods by which a route that takes any is listed. */
const ANY_METHOD = ["get", "post", "put", "patch", "delete"];

function paths(): Tree {
  const all: Record<string, Tree> = {};
  for (const [name, route] of Object.entries(ROUTES) as [RouteName, Route][]) {
    const path = (all[route.path.replace("*}", "}")] ??= {});
    for (const method of route.method === "ALL" ? ANY_METHOD : [route.method.toLowerCase()])
      path[method] = { ...operationOf(name, route), operationId: route.method === "ALL" ? `${name}_${method}` : name };
  }
  return all;
}

/** Each operation's specification and data, by name. */
function operationSchemas(): Tree {
  return Object.fromEntries(
    Object.values(OPERATIONS).flatMap((operation) => [
      [`${operation.name}.resource_spec`, { ...schemaOf(operation.spec, "input"), description: operation.summary }],
      [`${operation.name}.data`, schemaOf(operation.data, "output")],
    ]),
  );
}

export function buildOpenApi(): object {
  return {
    openapi: "3.1.0",
    info: {
      title: "Farhand",
      version: PRODUCT_VERSION,
      description: "Use your own machines from anywhere. Times are RFC 3339 in UTC, durations milliseconds, sizes bytes.",
    },
    paths: paths(),
    components: {
      schemas: { Problem: { ...schemaOf(problemSchema, "output") }, ...operationSchemas() },
      responses: {
        Problem: {
          description: "Refused: RFC 9457, with a code of `x-errors`",
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      },
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "An API key, `fh_…` or an imported one" },
        keyHeader: { type: "apiKey", in: "header", name: "x-api-key" },
        access: { type: "apiKey", in: "header", name: "Cf-Access-Jwt-Assertion", description: "Set by Cloudflare Access" },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "farhand_session",
          description: "Of a browser; `__Host-farhand_session` over https",
        },
      },
    },
    "x-errors": Object.fromEntries(Object.entries(ERRORS).map(([code, entry]) => [code, { ...entry }])),
  };
}
