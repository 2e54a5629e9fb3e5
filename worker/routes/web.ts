// Pages for people: signing in, and the interface to read and try. OpenAPI is built ahead of time (scripts/generate.ts).
import { OPENAPI } from "../generated/openapi.ts";
import { DOCS_PAGE, DOCS_SCRIPT } from "../web/docs.ts";
import { SIGN_IN_PAGE, SIGN_IN_SCRIPT } from "../web/sign-in.ts";
import type { Handlers } from "./call.ts";
import { jsonText, page } from "./respond.ts";

type Names = "signInPage" | "signInScript" | "openapi" | "docs" | "docsScript";

export const webHandlers: Pick<Handlers, Names> = {
  signInPage: (call) => page(call.requestId, "text/html", SIGN_IN_PAGE),
  signInScript: (call) => page(call.requestId, "text/javascript", SIGN_IN_SCRIPT),
  openapi: (call) => jsonText(call.requestId, 200, OPENAPI),
  docs: (call) => page(call.requestId, "text/html", DOCS_PAGE),
  docsScript: (call) => page(call.requestId, "text/javascript", DOCS_SCRIPT),
};
