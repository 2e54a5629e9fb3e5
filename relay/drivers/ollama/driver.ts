// The driver of Ollama servers: those that relay.toml declares, or the one on this machine where `[allow]` permits model.use.
import { MODEL_PLACES } from "../../model-places.ts";
import { Upstream } from "../../proxy/upstream.ts";
import type { Driver } from "../contract.ts";
import { modelServerDriver, type ModelDriverOptions, type ModelServerKind } from "../model-server.ts";
import { ollamaLook } from "./catalogue.ts";

const ollama: ModelServerKind = {
  kind: "ollama",
  product: "Ollama",
  look: ollamaLook,
  places: () => MODEL_PLACES.filter(({ kind }) => kind === "ollama").map(({ address }) => new Upstream(address)),
  changing: /^\/api\/(create|copy|delete|pull|push)(\?|$)/,
};

export const createOllamaDriver = (config: Parameters<typeof modelServerDriver>[1], options: ModelDriverOptions): Driver<never> =>
  modelServerDriver(ollama, config, options);
