// Jobs, newest first, of one host or of all: filters live in the address, new ones come by themselves, older ones on demand.
import { useEffect, useState } from "preact/hooks";
import type { JobSummary } from "../../protocol/api/shapes.ts";
import { JOB_STATES } from "../../protocol/job.ts";
import { get, queryOf } from "../api/client.ts";
import { allHosts, useOperations } from "../api/lookups.ts";
import { useResource } from "../api/resource.ts";
import { JobBadge } from "../parts/badge.tsx";
import { Choice } from "../parts/choice.tsx";
import { durationOf } from "../parts/format.ts";
import { Empty, Failure, Loaded } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { navigate } from "../router.ts";
import { pathTo } from "../routes.ts";

interface Page {
  readonly items: readonly JobSummary[];
  readonly next_cursor: string | null;
}
const EVERY_MS = 3_000;
const PAGE = 30;

function tookOf({ started_at, ended_at }: JobSummary): string {
  if (started_at === null || ended_at === null) return "";
  return ` · took ${durationOf(Date.parse(ended_at) - Date.parse(started_at))}`;
}

export function JobRow({ job, withHost }: { readonly job: JobSummary; readonly withHost: boolean }) {
  return (
    <li>
      <a class="row" href={pathTo("job", { id: job.id })}>
        <span class="row-head">
          <strong>{job.operation}</strong>
          <JobBadge status={job.status} />
        </span>
        <span class="soft small">
          {withHost ? `${job.host ?? "several hosts"} · ` : ""}
          <Time at={job.queued_at} />
          {tookOf(job)}
        </span>
      </a>
    </li>
  );
}

interface Filters {
  readonly host: string;
  readonly operation: string;
  readonly status: string;
}

/** What was seen stays: newer jobs that push others off the first page leave no hole. Newest first, as their ids are made. */
function useJobs(query: Readonly<Record<string, string | number>>) {
  const key = `jobs ${JSON.stringify(query)}`;
  const first = useResource(key, (signal) => get<Page>(`/api/v1/jobs${queryOf(query)}`, signal), EVERY_MS);
  const [kept, setKept] = useState<{ key: string; jobs: ReadonlyMap<string, JobSummary>; cursor: string | null | undefined }>();
  const [error, setError] = useState<Error | null>(null);
  const [isLoading, setIsLoading] = useState(false);
  const add = (page: Page, cursor?: string | null) =>
    setKept((before) => {
      const own = before?.key === key ? before : undefined;
      const jobs = new Map(own?.jobs);
      for (const job of page.items) jobs.set(job.id, job);
      return { key, jobs, cursor: cursor === undefined ? own?.cursor : cursor };
    });
  useEffect(() => {
    if (first.data) add(first.data);
  }, [first.data]);
  const more = async (cursor: string) => {
    setIsLoading(true);
    try {
      const page = await get<Page>(`/api/v1/jobs${queryOf({ ...query, cursor })}`);
      add(page, page.next_cursor);
      setError(null);
    } catch (error) {
      setError(error as Error);
    }
    setIsLoading(false);
  };
  const own = kept?.key === key ? kept : undefined;
  const jobs = [...(own?.jobs ?? new Map<string, JobSummary>((first.data?.items ?? []).map((job) => [job.id, job]))).values()];
  const cursor = own?.cursor === undefined ? (first.data?.next_cursor ?? null) : own.cursor;
  return { first, jobs: jobs.sort((a, b) => (a.id < b.id ? 1 : -1)), cursor, error, isLoading, more };
}

interface JobListProps {
  /** Of this host only. */
  readonly host?: string;
  readonly query: URLSearchParams;
  readonly at: "jobs" | "hostJobs";
}

interface FilterBarProps {
  readonly filters: Filters;
  readonly withHost: boolean;
  readonly onChoose: (change: Partial<Filters>) => void;
}

function FilterBar({ filters, withHost, onChoose }: FilterBarProps) {
  const operations = useOperations();
  const hosts = useResource(withHost ? "hosts" : null, allHosts);
  const names = (items: readonly { readonly name: string }[] | null) => (items ?? []).map(({ name }) => name);
  return (
    <div class="filters" role="group" aria-label="Filters">
      {withHost && <Choice label="Host" value={filters.host} choices={names(hosts.data)} onChoose={(host) => onChoose({ host })} />}
      <Choice label="Status" value={filters.status} choices={JOB_STATES} onChoose={(status) => onChoose({ status })} />
      <Choice
        label="Operation"
        value={filters.operation}
        choices={names(operations.data)}
        onChoose={(operation) => onChoose({ operation })}
      />
    </div>
  );
}

function NoJobs({ onAll }: { readonly onAll: (() => void) | null }) {
  return (
    <Empty title={onAll ? "No job is like that" : "No jobs yet"}>
      {onAll ? (
        <button class="plain" onClick={onAll}>
          Show all
        </button>
      ) : (
        <p>What you run on a host appears here.</p>
      )}
    </Empty>
  );
}

export function JobList({ host, query, at }: JobListProps) {
  const of = (name: string) => query.get(name) ?? "";
  const filters: Filters = { host: host ?? of("host"), operation: of("operation"), status: of("status") };
  const parent = of("parent");
  const { first, jobs, cursor, error, isLoading, more } = useJobs({ ...filters, parent, limit: PAGE });
  const go = (filters: Partial<Filters> & { parent?: string }) =>
    navigate(host === undefined ? pathTo(at, {}, filters) : pathTo(at, { host }, { ...filters, host: null }), true);
  const isFiltered = filters.operation !== "" || filters.status !== "" || parent !== "" || (host === undefined && filters.host !== "");
  return (
    <>
      <FilterBar filters={filters} withHost={host === undefined} onChoose={(change) => go({ ...filters, ...change, parent })} />
      <Loaded of={first}>
        {() => (
          <>
            {jobs.length === 0 && <NoJobs onAll={isFiltered ? () => go({}) : null} />}
            <ul class="rows grid">
              {jobs.map((job) => (
                <JobRow key={job.id} job={job} withHost={host === undefined} />
              ))}
            </ul>
            {error && <Failure error={error} />}
            {cursor !== null && (
              <button class="plain wide" disabled={isLoading} onClick={() => void more(cursor)}>
                {isLoading ? "Loading…" : "Older ones"}
              </button>
            )}
          </>
        )}
      </Loaded>
    </>
  );
}
