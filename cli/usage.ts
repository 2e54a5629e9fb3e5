// `farhand usage`: requests and tokens by day, principal, host, surface and model.
import type { UsageItem } from "../protocol/api/shapes.ts";
import { note, print, printJson, table } from "./output.ts";
import { readList, withEdge } from "./session.ts";
import type { Input } from "./verb.ts";

const FILTERS = ["since", "until", "principal", "host", "model"] as const;

export async function run(input: Input): Promise<void> {
  input.atMost(0);
  await withEdge(async (client) => {
    const query = Object.fromEntries(FILTERS.map((name) => [name, input.text(name)]));
    const usage = await readList<UsageItem>(client, "/api/v1/usage", input.count("limit", 50), query);
    if (input.json) return printJson(usage);
    if (usage.items.length === 0) return print("Nothing was used, as far as you may see and the filters fit.");
    const rows = usage.items.map((item) => [
      item.day,
      item.principal,
      item.host,
      item.surface,
      ...[item.requests, item.aborted, item.input_tokens, item.output_tokens].map(String),
      item.model,
    ]);
    print(table(["DAY", "WHO", "HOST", "SURFACE", "REQUESTS", "ABORTED", "TOKENS IN", "TOKENS OUT", "MODEL"], rows));
    if (usage.next_cursor) note("There are more: --limit N shows them.");
  });
}
