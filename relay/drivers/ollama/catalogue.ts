// What an Ollama server says it has: tags for what is on disk, ps for what is in memory. An older server tells neither
// capabilities nor context length in its tags: each of its models is asked about once.
import * as z from "zod";
import type { Model } from "../../../protocol/services.ts";
import { readJson } from "../../proxy/read-json.ts";
import type { Upstream } from "../../proxy/upstream.ts";
import type { Look, Seen } from "../model-server.ts";

const length = z.int().min(1).nullish().catch(null);
const capabilities = z.array(z.string()).nullish().catch(null);
const tagsSchema = z.object({
  models: z
    .array(
      z.object({
        name: z.string(),
        digest: z.string().catch(""),
        details: z.object({ context_length: length }).nullish().catch(null),
        capabilities,
      }),
    )
    .max(10_000)
    .nullable(),
});
const psSchema = z.object({
  models: z
    .array(z.object({ name: z.string(), context_length: length }))
    .max(10_000)
    .nullable(),
});
const versionSchema = z.object({ version: z.string().max(40) });
const showSchema = z.object({ capabilities, model_info: z.record(z.string(), z.unknown()).nullish().catch(null) });

type Tag = NonNullable<z.infer<typeof tagsSchema>["models"]>[number];

interface Shown {
  readonly context: number | null;
  readonly kind: Model["kind"];
}

/** Models that one look asks about; the next ones follow at the next look. */
const SHOWS = 20;
const REMEMBERED = 1_000;

function kindOf(list: readonly string[] | null | undefined): Model["kind"] {
  if (!list || list.length === 0) return null;
  return list.includes("completion") ? "chat" : list.includes("embedding") ? "embedding" : null;
}

export function whyNot(status: number): string {
  if (status === 401 || status === 403) return `It refuses the relay (HTTP ${status}): set bearer_env of the service in relay.toml.`;
  return `What answers there is no Ollama (HTTP ${status}): correct the address in relay.toml, or start Ollama.`;
}

async function shown(upstream: Upstream, name: string): Promise<Shown | null> {
  const answer = await readJson(upstream, "/api/show", { model: name });
  const parsed = "why" in answer || answer.status !== 200 ? null : showSchema.safeParse(answer.value).data;
  if (!parsed) return null;
  const context = Object.entries(parsed.model_info ?? {}).find(([key]) => key.endsWith(".context_length"))?.[1];
  return {
    context: typeof context === "number" && Number.isInteger(context) && context > 0 ? context : null,
    kind: kindOf(parsed.capabilities),
  };
}

/** One server's look; it remembers what `show` said, by digest. */
export function ollamaLook(): Look {
  const known = new Map<string, Shown>();
  let version: string | undefined;

  const ask = async (upstream: Upstream, tags: readonly Tag[]) => {
    if (known.size > REMEMBERED) known.clear();
    const silent = tags.filter((tag) => tag.capabilities == null && !known.has(tag.digest || tag.name)).slice(0, SHOWS);
    for (const tag of silent) {
      const said = await shown(upstream, tag.name);
      if (said) known.set(tag.digest || tag.name, said);
    }
  };

  const modelOf = (tag: Tag, running: ReadonlyMap<string, number | null>): Model => {
    const told = known.get(tag.digest || tag.name);
    return {
      id: tag.name,
      loaded: running.has(tag.name),
      context_length: running.get(tag.name) ?? tag.details?.context_length ?? told?.context ?? null,
      kind: kindOf(tag.capabilities) ?? told?.kind ?? null,
    };
  };

  return async (upstream): Promise<Seen> => {
    const [tags, ps] = await Promise.all([readJson(upstream, "/api/tags"), readJson(upstream, "/api/ps")]);
    if ("why" in tags) return { why: `Ollama was not reached: ${tags.why}. Start it with: ollama serve` };
    const listed = tags.status === 200 ? tagsSchema.safeParse(tags.value).data : undefined;
    if (!listed) return { why: whyNot(tags.status) };
    const loaded = "why" in ps ? undefined : psSchema.safeParse(ps.value).data;
    const running = new Map((loaded?.models ?? []).map((model) => [model.name, model.context_length ?? null]));
    const models = listed.models ?? [];
    await ask(upstream, models);
    if (version === undefined) {
      const answer = await readJson(upstream, "/api/version");
      version = "why" in answer ? undefined : versionSchema.safeParse(answer.value).data?.version;
    }
    return { models: models.map((tag) => modelOf(tag, running)), ...(version === undefined ? {} : { version }) };
  };
}
