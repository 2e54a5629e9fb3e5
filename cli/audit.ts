// `farhand audit`: who changed what, newest first.
import type { AuditRecord } from "../protocol/api/shapes.ts";
import { note, print, printJson, table } from "./output.ts";
import { readList, withEdge } from "./session.ts";
import type { Input } from "./verb.ts";

export async function run(input: Input): Promise<void> {
  input.atMost(0);
  await withEdge(async (client) => {
    const query = { object: input.text("object"), principal: input.text("principal") };
    const records = await readList<AuditRecord>(client, "/api/v1/audit", input.count("limit", 50), query);
    if (input.json) return printJson(records);
    if (records.items.length === 0) return print("No change fits. Without --object and --principal all are shown.");
    const rows = records.items.map((record) => [
      record.at,
      record.principal,
      record.action,
      record.subject,
      record.host ?? "",
      record.outcome,
    ]);
    print(table(["AT", "WHO", "ACTION", "SUBJECT", "HOST", "OUTCOME"], rows));
    if (records.next_cursor) note("There are more: --limit N shows them.");
  });
}
