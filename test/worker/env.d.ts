// Types `env` of "cloudflare:workers" in these tests: the product's own bindings.
import type { Env as ProductEnv } from "../../worker/env.ts";

declare global {
  namespace Cloudflare {
    interface Env extends ProductEnv {}
  }
}
