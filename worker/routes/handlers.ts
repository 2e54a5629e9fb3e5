// Every route's handler. The type is total over ROUTES: a route without one does not compile.
import type { Handlers } from "./call.ts";
import { accessHandlers } from "./control/access.ts";
import { hostHandlers } from "./control/hosts.ts";
import { jobStreamHandlers } from "./control/job-streams.ts";
import { jobHandlers } from "./control/jobs.ts";
import { operationHandlers } from "./control/operations.ts";
import { linkHandlers } from "./link.ts";
import { publicHandlers } from "./public.ts";
import { lmstudioRoutes } from "./models/lmstudio.ts";
import { ollamaRoutes } from "./models/ollama.ts";
import { openaiRoutes } from "./models/openai.ts";
import { PLANE } from "./models/plane.ts";
import { serviceHandlers } from "./services.ts";
import { terminalHandlers } from "./control/terminals.ts";
import { usageHandlers } from "./control/usage.ts";
import { vmHandlers } from "./vm/handlers.ts";
import { appHandlers } from "./app-files.ts";
import { webHandlers } from "./web.ts";

export const HANDLERS: Handlers = {
  ...publicHandlers,
  ...linkHandlers,
  ...webHandlers,
  ...accessHandlers,
  ...hostHandlers,
  ...operationHandlers,
  ...jobHandlers,
  ...jobStreamHandlers,
  ...openaiRoutes(PLANE),
  ...ollamaRoutes(PLANE),
  ...lmstudioRoutes(PLANE),
  ...serviceHandlers,
  ...terminalHandlers,
  ...usageHandlers,
  ...vmHandlers,
  ...appHandlers,
};
