// How a job ended, in words first: what went wrong, what to do, then the data.
import type { Job } from "../../protocol/api/shapes.ts";
import { hasEnded } from "../../protocol/job.ts";
import { Prose } from "../parts/states.tsx";
import { Value } from "../parts/value.tsx";

interface CommandData {
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly duration_ms: number;
}
const isCommand = (operation: string) => operation === "command.run" || operation === "command.exec";

/** Data of a command without the tails of its output, which stand below in full. */
function shownData(job: Job): unknown {
  const data = job.result?.data;
  if (!isCommand(job.operation) || typeof data !== "object" || data === null || !("exit_code" in data)) return data;
  const { exit_code, signal, duration_ms } = data as CommandData;
  return { exit_code, ...(signal === null ? {} : { signal }), duration_ms: Math.round(duration_ms) };
}

export function JobOutcome({ job }: { readonly job: Job }) {
  if (!hasEnded(job.status)) return null;
  const { result, error, status } = job;
  const data = shownData(job);
  const isBad = status !== "succeeded";
  const message = error?.message ?? (result && (isBad || !isCommand(job.operation)) ? result.message : "");
  return (
    <section class={isBad ? "card outcome bad-state" : "card outcome"} aria-label="Result">
      {message && (
        <p class="state-title">
          <Prose text={message} />
        </p>
      )}
      {error && (
        <p>
          <Prose text={error.remedy} />
        </p>
      )}
      {(error?.code ?? result?.code) && <p class="soft small">{error?.code ?? result?.code}</p>}
      {data !== undefined && data !== null && <Value value={data} />}
      {result && result.logs.length > 0 && (
        <ul class="plain-list">
          {result.logs.map(({ level, message }, index) => (
            <li key={index}>
              <span class="soft">{level}</span> {message}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
