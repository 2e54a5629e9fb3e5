// The models that the caller may use, as the edge's OpenAI surface lists them. For `farhand models` and `farhand chat`.
import type { Client } from "./client.ts";

export interface ListedModel {
  readonly id: string;
  readonly owned_by: string;
  /** What Farhand knows beyond OpenAI's shape. */
  readonly farhand?: {
    readonly hosts: readonly string[];
    readonly loaded: boolean | null;
    readonly context_length: number | null;
    readonly kind: "chat" | "embedding" | null;
  };
}

export const listModels = async (client: Client): Promise<readonly ListedModel[]> =>
  (await client.get<{ data: readonly ListedModel[] }>("/v1/models")).data;

/** One to begin with: in memory before on disk; never one that only embeds. */
export function preferred(models: readonly ListedModel[]): ListedModel | undefined {
  const able = models.filter(({ farhand }) => farhand?.kind !== "embedding");
  return able.find(({ farhand }) => farhand?.loaded === true) ?? able[0];
}
