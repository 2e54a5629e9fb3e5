// What is read of jobs: one, a page of them, and who may see which. Writes nothing.
import type { Job, JobsQuery } from "../../protocol/api/shapes.ts";
import type { JobSummary } from "../../protocol/api/shapes.ts";
import { done, refused, type Outcome } from "../../protocol/errors.ts";
import { firstIdAt } from "../../protocol/ids.ts";
import { matchesOperation } from "../../protocol/operations/index.ts";
import type { Page, Visibility } from "../fleet/contract.ts";
import type { Core } from "./core.ts";
import { jobOf, SUMMARY_COLUMNS, summaryOf, type JobRow, type SummaryRow } from "./rows.ts";

/** Every credential must have a pattern that matches; no credential sees nothing. */
export function maySee(visibility: Visibility, operation: string): boolean {
  return visibility.length > 0 && visibility.every((patterns) => patterns.some((pattern) => matchesOperation(pattern, operation)));
}

export class Queries {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The row, if it may be seen; a job that may not is not there. */
  visible(id: string, visibility: Visibility): JobRow | null {
    const row = this.#core.jobs.row(id);
    return row && maySee(visibility, row.operation) ? row : null;
  }

  /** What memory knows newer than the row: how much output is here. */
  show(row: JobRow): Job {
    const live = this.#core.jobs.open().get(row.id);
    const host = this.#core.meta.get("identity")?.name ?? "";
    return jobOf(live ? { ...row, stdout: live.stdout, stderr: live.stderr } : row, host);
  }

  job(id: string, visibility: Visibility): Outcome<Job> {
    const row = this.visible(id, visibility);
    return row ? done(this.show(row)) : refused("JOB_NOT_FOUND");
  }

  jobs(query: Omit<JobsQuery, "host">, visibility: Visibility): Page<JobSummary> {
    const where: string[] = [];
    const values: string[] = [];
    const add = (condition: string, value: string | undefined): void => {
      if (value === undefined) return;
      where.push(condition);
      values.push(value);
    };
    add("id < ?", query.cursor);
    add("operation = ?", query.operation);
    add("status = ?", query.status);
    add("parent_id = ?", query.parent);
    add("id >= ?", query.since === undefined ? undefined : firstIdAt(Math.max(0, Date.parse(query.since))));
    const rows = this.#core.sql.exec<SummaryRow>(
      `SELECT ${SUMMARY_COLUMNS} FROM jobs ${where.length > 0 ? `WHERE ${where.join(" AND ")}` : ""} ORDER BY id DESC`,
      ...values,
    );
    const host = this.#core.meta.get("identity")?.name ?? "";
    const items: JobSummary[] = [];
    for (const row of rows) {
      if (!maySee(visibility, row.operation)) continue;
      if (items.length === query.limit) return { items, next_cursor: items.at(-1)?.id ?? null };
      items.push(summaryOf(row, host));
    }
    return { items, next_cursor: null };
  }
}
