// `farhand keys`: list, create, revoke.
import type * as z from "zod";
import type { Grant, Key, keyCreatedSchema } from "../protocol/api/shapes.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Client } from "./client.ts";
import { usage } from "./failure.ts";
import { ago, note, plain, print, printJson, table } from "./output.ts";
import { readList, segment, withEdge } from "./session.ts";
import { readSecret } from "./value-source.ts";
import type { Input } from "./verb.ts";

/** Grants that a command shows at most: all that an edge keeps. */
const GRANTS = LIMITS.grants;

/** One grant in a few words: `operator on vm1: model.use [llama*] via openai`. */
function words(grant: Grant): string {
  const where = grant.hosts?.join(", ") ?? `label ${grant.labels?.join(", ") ?? ""}`;
  const models = grant.models ? ` [${grant.models.join(", ")}]` : "";
  const surfaces = grant.surfaces ? ` via ${grant.surfaces.join(", ")}` : "";
  return `${grant.role} on ${where}: ${grant.operations.join(", ")}${models}${surfaces}`;
}

async function list(client: Client, input: Input): Promise<void> {
  input.atMost(1);
  const keys = await readList<Key>(client, "/api/v1/keys", input.count("limit", 50));
  const { items: grants } = await readList<Grant>(client, "/api/v1/grants", GRANTS);
  const grantsOf = (key: Key) => grants.filter(({ principal }) => principal === `key:${key.id}`);
  if (input.json) return printJson({ ...keys, items: keys.items.map((key) => ({ ...key, grants: grantsOf(key) })) });
  if (keys.items.length === 0)
    return print("There is no key but the admin key of this edge.\nMake one: `farhand keys create NAME --role operator --host HOST`.");
  const rows = keys.items.map((key) => [
    key.id,
    key.name,
    key.prefix,
    ago(key.created_at),
    key.expires_at ?? "never",
    key.created_by,
    grantsOf(key).map(words).join("; ") || "nothing",
  ]);
  print(table(["ID", "NAME", "BEGINS", "MADE", "EXPIRES", "BY", "MAY"], rows));
  if (keys.next_cursor) note("There are more: --limit N shows them.");
}

async function create(client: Client, input: Input): Promise<void> {
  input.atMost(2);
  const [hosts, labels, models, surfaces] = [input.list("host"), input.list("label"), input.list("model"), input.list("surface")];
  const operations = [...input.list("operation"), ...input.list("use")];
  if (hosts.length > 0 && labels.length > 0) throw usage("A key holds for hosts by name (--host) or by label (--label), not both.");
  const where = labels.length > 0 ? { labels } : { hosts: hosts.length > 0 ? hosts : ["*"] };
  const grant = {
    role: input.text("role") ?? "operator",
    ...where,
    ...(operations.length > 0 ? { operations } : {}),
    ...(models.length > 0 ? { models } : {}),
    ...(surfaces.length > 0 ? { surfaces } : {}),
  };
  const expires = input.durationMs("expires");
  const secret = input.text("import");
  const body = {
    name: input.need(1, "The key's name"),
    grants: [grant],
    ...(expires === undefined ? {} : { expires_in_ms: expires }),
    ...(secret === undefined ? {} : { import: readSecret(secret, "--import") }),
  };
  const { body: made } = await client.ask<z.infer<typeof keyCreatedSchema>>("POST", "/api/v1/keys", { body });
  if (input.json) return printJson(made);
  if (made.key === null) return print(`${plain(made.name)} is accepted from now on (id ${made.id}).`);
  print(made.key);
  note(`This is the key ${plain(made.name)} (id ${made.id}). It is shown this once: keep it in a safe place.`);
}

async function revoke(client: Client, input: Input): Promise<void> {
  input.atMost(2);
  const id = input.need(1, "The key's id");
  await client.ask("DELETE", `/api/v1/keys/${segment(id)}`);
  if (input.json) printJson({ revoked: id });
  else print(`${id} is revoked: it fails everywhere within 5 s.`);
}

export async function run(input: Input): Promise<void> {
  const what = input.words[0] ?? "list";
  await withEdge(async (client) => {
    if (what === "list") await list(client, input);
    else if (what === "create") await create(client, input);
    else if (what === "revoke") await revoke(client, input);
    else throw usage(`There is no \`keys ${what}\`: list, create, revoke.`);
  });
}
