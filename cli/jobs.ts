// `farhand jobs`: list, show, follow, cancel.
import type { Job, JobSummary } from "../protocol/api/shapes.ts";
import { hasEnded } from "../protocol/job.ts";
import type { Client } from "./client.ts";
import { usage } from "./failure.ts";
import { cancelJob, explain, follow, getJob } from "./follow.ts";
import { ago, duration, fields, note, plain, print, printJson, size, table } from "./output.ts";
import { readList, withEdge } from "./session.ts";
import type { Input } from "./verb.ts";

/** A time as the edge takes it: as given, or so long ago. */
function sinceOf(input: Input): string | undefined {
  const text = input.text("since");
  if (text === undefined) return undefined;
  if (/^\d{4}-/.test(text)) return text;
  return new Date(Date.now() - input.durationMs("since")!).toISOString();
}

function took(job: JobSummary): string {
  if (!job.started_at) return "";
  return duration(Date.parse(job.ended_at ?? new Date().toISOString()) - Date.parse(job.started_at));
}

async function list(client: Client, input: Input): Promise<void> {
  input.atMost(1);
  const query = {
    host: input.text("host"),
    status: input.text("status"),
    operation: input.text("operation"),
    parent: input.text("parent"),
    since: sinceOf(input),
  };
  const jobs = await readList<JobSummary>(client, "/api/v1/jobs", input.count("limit", 50), query);
  if (input.json) return printJson(jobs);
  if (jobs.items.length === 0)
    return print("No job fits.\nRun something: `farhand run HOST host.info`, or `farhand jobs` without a filter.");
  const rows = jobs.items.map((job) => [
    job.id,
    job.host ?? "(several)",
    job.operation,
    job.status,
    ago(job.queued_at),
    took(job),
    job.requested_by,
  ]);
  print(table(["ID", "HOST", "OPERATION", "STATUS", "QUEUED", "TOOK", "BY"], rows));
  if (jobs.next_cursor) note("There are more: --limit N shows them.");
}

function describe(job: Job): string {
  const lines = [
    fields([
      ["job", job.id],
      ["host", job.host],
      ["operation", job.operation],
      ["specification", JSON.stringify(job.resource_spec)],
      ["status", job.status],
      ["by", job.requested_by],
      ["queued", job.queued_at],
      ["started", job.started_at],
      ["ended", job.ended_at],
      ["expires", hasEnded(job.status) ? null : job.expires_at],
      ["cancel asked", job.cancel_requested_at],
      ["output", `${size(job.output.stdout_bytes)} stdout, ${size(job.output.stderr_bytes)} stderr`],
      ["result", job.result ? `${job.result.message}${job.result.code ? ` (${job.result.code})` : ""}` : null],
    ]),
  ];
  if (job.error) lines.push(explain({ status: job.status, result: null, error: job.error }));
  if (job.children)
    lines.push(
      "",
      table(
        ["CHILD", "HOST", "STATUS"],
        job.children.map(({ id, host, status }) => [id, host, status]),
      ),
    );
  return plain(lines.join("\n"));
}

export async function run(input: Input): Promise<void> {
  const what = input.words[0] ?? "list";
  if (what === "list") return await withEdge((client) => list(client, input));
  if (!["show", "follow", "cancel"].includes(what)) throw usage(`There is no \`jobs ${what}\`: list, show, follow, cancel.`);
  input.atMost(2);
  const id = input.need(1, "The job's id");
  await withEdge(async (client) => {
    const job = what === "cancel" ? await cancelJob(client, id) : await getJob(client, id);
    if (what === "follow") await follow(client, job, input.json);
    else if (input.json) printJson(job);
    else if (what === "show") print(describe(job));
    else
      print(
        hasEnded(job.status) ? `${id} has ended already: ${job.status}.` : `${id} is being cancelled; its processes are gone within 5 s.`,
      );
  });
}
