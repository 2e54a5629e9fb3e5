// The driver of servers with OpenAI's interface (llama.cpp, vLLM and many others): those that relay.toml declares. Nothing is
// looked for: no port and no greeting tells one.
import * as z from "zod";
import type { Model } from "../../../protocol/services.ts";
import { readJson } from "../../proxy/read-json.ts";
import type { Driver } from "../contract.ts";
import { modelServerDriver, type Look, type ModelDriverOptions, type ModelServerKind } from "../model-server.ts";

const length = z.int().min(1).nullish().catch(null);
/** `max_model_len`: vLLM; `context_length`: several; `meta.n_ctx_train`: llama.cpp. */
const listSchema = z.object({
  data: z
    .array(
      z.object({
        id: z.string(),
        max_model_len: length,
        context_length: length,
        meta: z.object({ n_ctx_train: length }).nullish().catch(null),
      }),
    )
    .max(10_000),
});

function openaiLook(): Look {
  return async (upstream) => {
    const answer = await readJson(upstream, "/v1/models");
    if ("why" in answer) return { why: `The server was not reached: ${answer.why}.` };
    if (answer.status === 401 || answer.status === 403)
      return { why: "It asks for a token: name the variable that holds one as bearer_env of the service in relay.toml." };
    const list = answer.status === 200 ? listSchema.safeParse(answer.value).data : undefined;
    if (!list) return { why: `GET /v1/models does not answer with a list of models (HTTP ${answer.status}).` };
    const models = list.data.map((model): Model => ({
      id: model.id,
      loaded: null,
      context_length: model.max_model_len ?? model.context_length ?? model.meta?.n_ctx_train ?? null,
      kind: null,
    }));
    return { models };
  };
}

const openai: ModelServerKind = {
  kind: "openai",
  product: "OpenAI-compatible server",
  look: openaiLook,
  places: () => [],
  changing: /^$/,
};

export const createOpenaiDriver = (config: Parameters<typeof modelServerDriver>[1], options: ModelDriverOptions): Driver<never> =>
  modelServerDriver(openai, config, options);
