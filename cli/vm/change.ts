// A change of a virtual machine: asked for, followed to its end, and told in words. A plan is told the same way.
import { createInterface } from "node:readline/promises";
import { changedData } from "../../protocol/operations/vm-fields.ts";
import type { Client } from "../client.ts";
import { CliFailure, EXIT } from "../failure.ts";
import { follow } from "../follow.ts";
import { note, plain, print, printJson, size, table } from "../output.ts";
import { submitOnce } from "../submit.ts";
import type { Input } from "../verb.ts";

/** A result that lost its data, or that is none of ours, is told by its message alone. */
const told = changedData.partial();

export interface Change {
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Asked of a person before something is lost. */
  readonly question?: string;
}

/** Only a person at a terminal is asked; a program said what it wants. */
async function confirm(input: Input, question: string): Promise<void> {
  if (input.flag("yes") || input.flag("plan") || input.json || !process.stdin.isTTY) return;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`${plain(question)} [y/N] `);
  lines.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliFailure(EXIT.failed, "Nothing was changed.");
}

function valueText(field: string, value: unknown): string {
  if (value === undefined || value === null || value === "") return "-";
  if (typeof value === "number" && field.endsWith("_bytes")) return size(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Every change answers the same data. */
function tell(data: unknown): void {
  const { changes = [], not_changed: left = [], needs_restart: needsRestart, planned } = told.safeParse(data).data ?? {};
  if (planned === true && changes.length > 0) {
    const rows = changes.map((one) => [
      one.field,
      valueText(one.field, one.from),
      valueText(one.field, one.to),
      one.needs_restart ? "after a restart" : "at once",
    ]);
    print(table(["FIELD", "NOW", "THEN", "TAKES EFFECT"], rows));
  }
  for (const { field, message, code } of left) note(plain(`${field} was left as it is: ${message} (${code})`));
  if (needsRestart === true && planned !== true) note("It takes effect when the machine was off once.");
}

export async function change(client: Client, input: Input, { method, path, body, query, question }: Change): Promise<void> {
  if (question !== undefined) await confirm(input, question);
  const isPlan = input.flag("plan") ? "true" : undefined;
  const job = await submitOnce(client, method, path, { ...(body === undefined ? {} : { body }), query: { ...query, plan: isPlan } });
  if (input.flag("detach")) return input.json ? printJson(job) : print(job.id);
  const { status, result } = await follow(client, job, input.json);
  if (input.json) return;
  if (status === "succeeded" && result) print(plain(result.message));
  tell(result?.data);
}
