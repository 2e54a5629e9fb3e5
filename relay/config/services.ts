// The tables [services.NAME] of relay.toml: what may be reached through this relay. What can be wrong with a declaration is
// refused when the file is read, with the place.
import { isAbsolute } from "node:path";
import * as z from "zod";
import { LIMITS } from "../../protocol/limits.ts";
import { modelIdSchema, SERVICE_KINDS } from "../../protocol/services.ts";
import { parseRoute } from "../proxy/routes.ts";

const WITHOUT_MANAGEMENT = new Set<string>(["http", "openai"]);

const serviceTableSchema = z.strictObject({
  kind: z.enum(SERVICE_KINDS, `must be one of ${SERVICE_KINDS.join(", ")}`),
  /** http or https, with or without a path that is put before every request's. */
  url: z.string().max(2048).optional(),
  /** A unix socket, or a named pipe on Windows. */
  socket: z
    .string()
    .max(1024)
    .refine((path) => isAbsolute(path) && !path.includes("\0"), "must be an absolute path")
    .optional(),
  /** What of an `http` service is open: "METHOD /path" or "WS /path"; `*` is one segment, a trailing `/**` any rest. */
  routes: z.array(z.string().max(200)).max(LIMITS.serviceRoutes).optional(),
  /** Names the variable of the relay's environment that holds the upstream's own bearer token. */
  bearer_env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "must be the name of an environment variable")
    .optional(),
  /** Lets those who may manage models pull, delete and load them. */
  manage: z.boolean().default(false),
  /** Answers where a request names no model. */
  default_model: modelIdSchema.optional(),
});
export type ServiceDeclaration = z.infer<typeof serviceTableSchema>;
export type ServiceDeclarations = Readonly<Record<string, ServiceDeclaration>>;

interface Finding {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly remedy: string;
}

function urlFinding({ kind, url }: ServiceDeclaration): Omit<Finding, "path"> | null {
  if (url === undefined) return null;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || !["http:", "https:"].includes(parsed.protocol))
    return { message: "must be an http or https URL", remedy: 'Write it as "http://127.0.0.1:8000".' };
  if (parsed.username || parsed.password)
    return { message: "must not hold a user or password", remedy: "Use bearer_env for the service's own token." };
  if (url.includes("?") || url.includes("#")) return { message: "must not have a query or fragment", remedy: "Remove it." };
  if (kind !== "http" && /\/v1\/?$/.test(parsed.pathname))
    return { message: "must end before /v1", remedy: "Remove /v1: requests bring it." };
  return null;
}

function* findings(service: ServiceDeclaration): Generator<Finding> {
  const { kind, url, socket, routes, manage, default_model: model } = service;
  if (url === undefined && socket === undefined)
    yield { path: [], message: "has neither url nor socket", remedy: 'Add url = "http://127.0.0.1:PORT" or socket = "/path".' };
  if (url !== undefined && socket !== undefined)
    yield { path: ["socket"], message: "url and socket exclude each other", remedy: "Remove one of them." };
  const wrongUrl = urlFinding(service);
  if (wrongUrl) yield { path: ["url"], ...wrongUrl };
  if (kind === "http" && !routes?.length)
    yield { path: [], message: "has no routes", remedy: 'List what is open: routes = ["GET /health"].' };
  if (kind !== "http" && routes !== undefined)
    yield { path: ["routes"], message: `are for kind "http"`, remedy: `Remove it: what is open of ${kind} follows from its kind.` };
  for (const [index, route] of (routes ?? []).entries()) {
    const parsed = parseRoute(route);
    if ("error" in parsed) yield { path: ["routes", index], message: parsed.error, remedy: 'Write "METHOD /path" or "WS /path".' };
  }
  if (manage && WITHOUT_MANAGEMENT.has(kind))
    yield { path: ["manage"], message: `kind "${kind}" has no model management`, remedy: "Remove it." };
  if (kind === "http" && model !== undefined)
    yield { path: ["default_model"], message: "is for model servers", remedy: "Remove it, or change the kind." };
}

/** [services.NAME]. Issues carry `params.remedy`. */
export const servicesSchema = z
  .record(
    z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and dashes, beginning with a letter"),
    serviceTableSchema.superRefine((service, context) => {
      for (const { path, message, remedy } of findings(service))
        context.addIssue({ code: "custom", path: [...path], message, params: { remedy } });
    }),
  )
  .superRefine((services, context) => {
    if (Object.keys(services).length > LIMITS.services)
      context.addIssue({ code: "custom", message: `has more than ${LIMITS.services} services`, params: { remedy: "Use fewer." } });
  });
