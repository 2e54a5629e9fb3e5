// The driver of LM Studio servers: those that relay.toml declares, or the one on this machine where `[allow]` permits model.use.
import { greets, MODEL_PLACES } from "../../model-places.ts";
import { Upstream } from "../../proxy/upstream.ts";
import type { Driver } from "../contract.ts";
import { modelServerDriver, type Look, type ModelDriverOptions, type ModelServerKind } from "../model-server.ts";
import { lmstudioLook } from "./catalogue.ts";

/** Where nobody declared it, only its greeting tells that it is LM Studio and no other server with such a list. */
function greeted(look: Look): Look {
  let isKnown = false;
  return async (upstream) => {
    const answer = isKnown || (await greets("lmstudio", upstream));
    if (answer !== true) return { why: answer.why ?? "What answers there is no LM Studio." };
    isKnown = true;
    return look(upstream);
  };
}

const lmstudio = (isDeclared: boolean): ModelServerKind => ({
  kind: "lmstudio",
  product: "LM Studio",
  look: () => (isDeclared ? lmstudioLook() : greeted(lmstudioLook())),
  places: () => MODEL_PLACES.filter(({ kind }) => kind === "lmstudio").map(({ address }) => new Upstream(address)),
  changing: /^\/api\/v1\/models\/(load|unload|download)(\?|$)/,
});

export function createLmstudioDriver(config: Parameters<typeof modelServerDriver>[1], options: ModelDriverOptions): Driver<never> {
  const isDeclared = Object.values(config.services).some(({ kind }) => kind === "lmstudio");
  return modelServerDriver(lmstudio(isDeclared), config, options);
}
