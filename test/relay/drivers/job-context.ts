// A job's context for handlers under test: what the runner gives, gathered for the test to look at.
import type { JobContext } from "../../../relay/drivers/contract.ts";

export interface TestContext extends JobContext {
  readonly written: { stdout: string; stderr: string };
}

export function jobContext(
  options: { signal?: AbortSignal; plan?: boolean; operation?: string; spec?: Record<string, unknown> } = {},
): TestContext {
  const written = { stdout: "", stderr: "" };
  return {
    written,
    request: {
      operation: options.operation ?? "command.run",
      resource_spec: options.spec ?? {},
      correlation_id: "test",
      metadata: {
        job_id: "01JD0000000000000000000000",
        host: "test",
        requested_by: "user:test",
        requested_at: "2026-11-21T00:00:00Z",
        timeout_ms: 60_000,
        attempt: 1,
        plan: options.plan ?? false,
        debug: false,
      },
    },
    signal: options.signal ?? new AbortController().signal,
    output(stream, bytes) {
      written[stream] += Buffer.from(bytes).toString("utf8");
      return undefined;
    },
    progress: () => undefined,
    log: () => undefined,
  };
}
