// What an LM Studio server says it has. It answers 200 to routes that it does not know, so only the shape of a body tells what is
// there: the v0 list where it has that, else v1's, else the bare OpenAI list.
import * as z from "zod";
import type { Model } from "../../../protocol/services.ts";
import { readJson, type Answer } from "../../proxy/read-json.ts";
import type { Look, Seen } from "../model-server.ts";

const length = z.int().min(1).nullish().catch(null);
const v0Schema = z.object({
  data: z
    .array(
      z.object({
        id: z.string(),
        type: z.string(),
        state: z.string(),
        max_context_length: length,
        loaded_context_length: length,
      }),
    )
    .max(10_000),
});
const v1Schema = z.object({
  models: z
    .array(
      z.object({
        type: z.string(),
        key: z.string(),
        loaded_instances: z
          .array(z.object({ id: z.string(), config: z.object({ context_length: length }).nullish().catch(null) }))
          .max(1_000),
        max_context_length: length,
      }),
    )
    .max(10_000),
});
const openaiSchema = z.object({ object: z.literal("list"), data: z.array(z.object({ id: z.string() })).max(10_000) });

function kindOf(type: string): Model["kind"] {
  if (type === "embeddings" || type === "embedding") return "embedding";
  return type === "llm" || type === "vlm" ? "chat" : null;
}

const bodyOf = <T>(answer: Answer, schema: z.ZodType<T>): T | undefined =>
  "why" in answer || answer.status !== 200 ? undefined : schema.safeParse(answer.value).data;

function fromV0({ data }: z.infer<typeof v0Schema>): Model[] {
  return data.map((model) => ({
    id: model.id,
    loaded: model.state === "loaded",
    context_length: (model.state === "loaded" ? model.loaded_context_length : null) ?? model.max_context_length ?? null,
    kind: kindOf(model.type),
  }));
}

/** Instances have names of their own: each can be asked by it, the first also by the model's key. */
function fromV1({ models }: z.infer<typeof v1Schema>): Model[] {
  return models.flatMap((model) => {
    const kind = kindOf(model.type);
    const [first] = model.loaded_instances;
    const own: Model = {
      id: model.key,
      loaded: first !== undefined,
      context_length: first?.config?.context_length ?? model.max_context_length ?? null,
      kind,
    };
    const others = model.loaded_instances
      .filter(({ id }) => id !== model.key)
      .map(({ id, config }): Model => ({
        id,
        loaded: true,
        context_length: config?.context_length ?? model.max_context_length ?? null,
        kind,
      }));
    return [own, ...others];
  });
}

export function lmstudioLook(): Look {
  return async (upstream): Promise<Seen> => {
    const v0 = await readJson(upstream, "/api/v0/models");
    if ("why" in v0) return { why: `LM Studio was not reached: ${v0.why}. Start its server: lms server start` };
    if (v0.status === 401 || v0.status === 403)
      return { why: "LM Studio asks for an API token: name the variable that holds one as bearer_env of the service in relay.toml." };
    const old = bodyOf(v0, v0Schema);
    if (old) return { models: fromV0(old) };
    const v1 = bodyOf(await readJson(upstream, "/api/v1/models"), v1Schema);
    if (v1) return { models: fromV1(v1) };
    const bare = bodyOf(await readJson(upstream, "/v1/models"), openaiSchema);
    if (bare) return { models: bare.data.map(({ id }) => ({ id, loaded: null, context_length: null, kind: null })) };
    return { why: "What answers there is no LM Studio: correct the address in relay.toml, or start its server: lms server start" };
  };
}
