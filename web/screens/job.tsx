// One job: its state, live output, result; cancel it, take its output away.
import { useState } from "preact/hooks";
import type { Job } from "../../protocol/api/shapes.ts";
import { allowsOperation } from "../../protocol/access.ts";
import { hasEnded } from "../../protocol/job.ts";
import type { ScreenProps } from "../app.tsx";
import { get, request, segment } from "../api/client.ts";
import { useResource } from "../api/resource.ts";
import { useMe } from "../api/session.ts";
import { JobBadge } from "../parts/badge.tsx";
import { CopyButton } from "../parts/copy.tsx";
import { Facts } from "../parts/facts.tsx";
import { durationOf, sizeOf } from "../parts/format.ts";
import { Output } from "../parts/output.tsx";
import { Screen } from "../parts/screen.tsx";
import { Failure, Loaded } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { Value } from "../parts/value.tsx";
import { pathTo } from "../routes.ts";
import { JobChildren } from "./job-children.tsx";
import { useFollowed, type Followed } from "./job-follow.ts";
import { JobOutcome } from "./job-outcome.tsx";

const EVERY_MS = 3_000;

/** How long each thing took, as far as it came. */
function Times({ job }: { readonly job: Job }) {
  const took = job.started_at && job.ended_at ? `, took ${durationOf(Date.parse(job.ended_at) - Date.parse(job.started_at))}` : "";
  const isWaiting = job.expires_at !== null && !job.started_at && !job.ended_at;
  const id = (
    <span class="with-button">
      <code>{job.id}</code>
      <CopyButton text={job.id} what="the job's id" isSmall />
    </span>
  );
  return (
    <Facts
      of={[
        ["Asked for", <Time key="asked" at={job.queued_at} />],
        ["Started", job.started_at && <Time at={job.started_at} />],
        [
          "Ended",
          job.ended_at && (
            <>
              <Time at={job.ended_at} />
              {took}
            </>
          ),
        ],
        ["Waits until", isWaiting ? <Time at={job.expires_at} /> : null],
        ["By", job.requested_by],
        ["Id", id],
      ]}
    />
  );
}

function Cancel({ job, onChange }: { readonly job: Job; readonly onChange: () => void }) {
  const me = useMe();
  const [error, setError] = useState<Error | null>(null);
  const [isAsked, setIsAsked] = useState(false);
  if (hasEnded(job.status)) return null;
  const here = { id: "", name: job.host ?? "", labels: [] };
  const isLikelyAllowed = me.grants.some((grant) => allowsOperation([{ ...grant, hosts: ["*"] }], here, "operator", job.operation));
  if (!isLikelyAllowed) return null;
  const cancel = async () => {
    setIsAsked(true);
    try {
      await request("POST", `/api/v1/jobs/${segment(job.id)}/cancel`);
      setError(null);
      onChange();
    } catch (error) {
      setError(error as Error);
      setIsAsked(false);
    }
  };
  const isCancelling = isAsked || job.cancel_requested_at !== null;
  return (
    <>
      <button class="plain danger-text" disabled={isCancelling} onClick={() => void cancel()}>
        {isCancelling ? "Cancelling…" : "Cancel the job"}
      </button>
      {error && <Failure error={error} />}
    </>
  );
}

function Downloads({ job }: { readonly job: Job }) {
  const { stdout_bytes, stderr_bytes } = job.output;
  const links = [["stdout", stdout_bytes] as const, ["stderr", stderr_bytes] as const].filter(([, bytes]) => bytes > 0);
  if (links.length === 0) return null;
  return (
    <div class="buttons">
      {links.map(([stream, bytes]) => (
        <a
          key={stream}
          class="button plain"
          href={`/api/v1/jobs/${segment(job.id)}/output?stream=${stream}`}
          download={`${job.operation}-${job.id}.${stream}.txt`}
        >
          Download {stream} ({sizeOf(bytes)})
        </a>
      ))}
    </div>
  );
}

function Progress({ live }: { readonly live: Followed }) {
  if (live.end || !live.progress) return null;
  const { percent, message } = live.progress;
  return (
    <div class="progress" role="status">
      <span>{message}</span>
      <progress aria-label="Progress" {...(percent === null ? {} : { value: percent, max: 100 })} />
    </div>
  );
}

/** The screen's job: its own record, and what the stream of events knows first. */
function Shown({ job, reload }: { readonly job: Job; readonly reload: () => void }) {
  const live = useFollowed(job.id, job.children === undefined);
  const status = live.end?.status ?? (hasEnded(job.status) ? job.status : (live.status ?? job.status));
  const now: Job = live.end
    ? { ...job, status, result: live.end.result, ...(live.end.error ? { error: live.end.error } : {}) }
    : { ...job, status };
  return (
    <>
      <div class="job-head">
        <JobBadge status={status} />
        <span>
          {job.host === null ? (
            "on several hosts"
          ) : (
            <>
              on <a href={pathTo("host", { host: job.host })}>{job.host}</a>
            </>
          )}
        </span>
        <Cancel job={now} onChange={reload} />
      </div>
      {!live.isConnected && !live.end && (
        <p class="soft" role="status">
          Connection lost; the job goes on. Following again as soon as it is back…
        </p>
      )}
      {live.error && <Failure error={live.error} />}
      <JobOutcome job={now} />
      <Progress live={live} />
      {job.children ? (
        <JobChildren children={job.children} />
      ) : (
        <Output pieces={live.pieces} dropped={live.dropped} isLive={!hasEnded(status)} />
      )}
      {!job.children && <Downloads job={job} />}
      <div class="columns">
        <section class="card">
          <h2>What was asked</h2>
          <Value value={job.resource_spec} />
          {job.host !== null && (
            <a class="button plain" href={pathTo("run", { host: job.host, operation: job.operation }, { again: job.id })}>
              Run again…
            </a>
          )}
        </section>
        <section class="card">
          <h2>When</h2>
          <Times job={job} />
        </section>
      </div>
    </>
  );
}

export function JobScreen({ params }: ScreenProps) {
  const id = params["id"] ?? "";
  const [isOver, setIsOver] = useState(false);
  const load = async (signal: AbortSignal) => {
    const job = await get<Job>(`/api/v1/jobs/${segment(id)}`, signal);
    setIsOver(hasEnded(job.status));
    return job;
  };
  const job = useResource(`job ${id}`, load, isOver ? undefined : EVERY_MS);
  return (
    <Screen title={job.data?.operation ?? "Job"} up={[pathTo("jobs"), "Jobs"]}>
      <Loaded of={job}>{(data) => <Shown job={data} reload={job.reload} />}</Loaded>
    </Screen>
  );
}
