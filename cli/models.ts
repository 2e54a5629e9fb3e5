// `farhand models`: the models that you may use, and where they are.
import { listModels } from "./model-list.ts";
import { print, printJson, table } from "./output.ts";
import { withEdge } from "./session.ts";
import type { Input } from "./verb.ts";

const LOADED = new Map<boolean | null, string>([
  [true, "loaded"],
  [false, "on disk"],
  [null, ""],
]);

export async function run(input: Input): Promise<void> {
  input.atMost(1);
  await withEdge(async (client) => {
    const models = await listModels(client);
    if (input.json) return printJson({ items: models });
    if (models.length === 0)
      return print(
        "There is no model that you may use.\nDeclare a model server in relay.toml on a host (docs/models.md); models of hosts that are offline are not listed.",
      );
    const rows = models.map(({ id, owned_by: server, farhand }) => [
      id,
      farhand?.hosts.join(",") ?? "",
      LOADED.get(farhand?.loaded ?? null) ?? "",
      farhand?.context_length == null ? "" : String(farhand.context_length),
      server,
    ]);
    print(table(["MODEL", "HOSTS", "STATE", "CONTEXT", "SERVER"], rows));
  });
}
