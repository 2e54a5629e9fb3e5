// After a restart: what the last process had claimed and not ended is ended now, its processes included, and said to be
// unknown: no one saw how it ended, and nothing is run again by itself.
import { STREAMS } from "../../protocol/link/records.ts";
import type { Log } from "../log.ts";
import { endJson, withoutResult } from "./job-end.ts";
import type { Journal } from "./journal.ts";
import type { Spool } from "./spool.ts";

export interface RestartParts {
  readonly journal: Journal;
  readonly spool: Spool;
  readonly log: Log;
  readonly endProcesses: (jobIds: readonly string[]) => Promise<unknown>;
}

/** Must settle before the link is dialled. `unfinished` are the rows without an end. */
export async function endWhatWasLeft(parts: RestartParts, unfinished: readonly string[]): Promise<void> {
  if (unfinished.length === 0) return;
  const { journal, spool, log } = parts;
  await parts.endProcesses(unfinished);
  await Promise.all(
    unfinished.map(async (jobId) => {
      const [stdout, stderr] = await Promise.all(STREAMS.map(async (stream) => (await spool.extent(jobId, stream)).total));
      await journal.finish(
        jobId,
        endJson(withoutResult("unknown", "JOB_UNKNOWN"), { stdout: stdout ?? 0, stderr: stderr ?? 0 }, Date.now()),
      );
      log("warn", "a job of the last run of this relay was not seen to end", { job_id: jobId });
    }),
  );
}
