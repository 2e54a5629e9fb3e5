// Where model servers stand on a machine by custom, and which of them answer there. A server is known by what it says of itself,
// never by a port or a status. Only looks.
import * as z from "zod";
import { readJson } from "./proxy/read-json.ts";
import { Upstream, type Address } from "./proxy/upstream.ts";

export type FoundKind = "ollama" | "lmstudio";

export interface ModelPlace {
  readonly kind: FoundKind;
  readonly address: Address;
}

export const MODEL_PLACES: readonly ModelPlace[] = [
  { kind: "ollama", address: { url: "http://127.0.0.1:11434" } },
  ...(process.platform === "win32" ? [] : [{ kind: "ollama", address: { socket: "/run/ollama.sock" } } as const]),
  { kind: "lmstudio", address: { url: "http://127.0.0.1:1234" } },
];

const ASKED = {
  ollama: { path: "/api/version", schema: z.object({ version: z.string() }) },
  /** Its other routes answer 200 whatever is asked. */
  lmstudio: { path: "/lmstudio-greeting", schema: z.object({ lmstudio: z.literal(true) }) },
} as const;

/** True: such a server; false: another one, or none with a word of why not. */
export async function greets(kind: FoundKind, upstream: Upstream, deadlineMs?: number): Promise<true | { readonly why: string | null }> {
  const { path, schema } = ASKED[kind];
  const answer = await readJson(upstream, path, undefined, deadlineMs);
  if ("why" in answer) return answer;
  return answer.status === 200 && schema.safeParse(answer.value).success ? true : { why: null };
}

/** Those that answer within the deadline, the first place of each kind; never throws. */
export async function findModelServers(places: readonly ModelPlace[] = MODEL_PLACES, deadlineMs = 300): Promise<ModelPlace[]> {
  const looks = places.map(async (place) => {
    const upstream = new Upstream(place.address);
    const isThere = (await greets(place.kind, upstream, deadlineMs)) === true;
    upstream.retire();
    return isThere ? place : null;
  });
  const found = (await Promise.all(looks)).filter((place) => place !== null);
  return found.filter((place, index) => found.findIndex(({ kind }) => kind === place.kind) === index);
}

const addressLine = (address: Address) => ("url" in address ? `url = "${address.url}"` : `socket = "${address.socket}"`);

/** The table of relay.toml that declares it. */
export const declaration = ({ kind, address }: ModelPlace): string => `[services.${kind}]\nkind = "${kind}"\n${addressLine(address)}\n`;
