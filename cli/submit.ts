// Submitting a job so that a lost answer does not make two of it.
import { randomUUID } from "node:crypto";
import type { Job } from "../protocol/api/shapes.ts";
import type { Ask, Client } from "./client.ts";
import { CliFailure, EXIT } from "./failure.ts";

const ATTEMPTS = 4;

/** Asks again when the answer was lost: the key makes it the same job. */
export async function submitOnce(
  client: Client,
  method: "POST" | "PATCH" | "DELETE",
  path: string,
  ask: Pick<Ask, "body" | "query">,
  key: string = randomUUID(),
): Promise<Job> {
  for (let attempt = 1; ; attempt++) {
    try {
      return (await client.ask<Job>(method, path, { ...ask, headers: { "idempotency-key": key } })).body;
    } catch (error) {
      const code = ((error as CliFailure).cause as NodeJS.ErrnoException | undefined)?.code;
      const isLost = error instanceof CliFailure && error.exitCode === EXIT.unreachable && code !== "ECONNREFUSED" && code !== "ENOTFOUND";
      if (!isLost || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** attempt));
    }
  }
}
