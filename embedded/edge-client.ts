// The few requests that a start makes of its own edge, with the admin key. Every wait has a deadline.
import type * as z from "zod";
import type { enrollmentSchema, Host, signInCodeSchema } from "../protocol/api/shapes.ts";
import { StartFailure } from "./failure.ts";

type Enrollment = z.infer<typeof enrollmentSchema>;
type SignInCode = z.infer<typeof signInCodeSchema>;

const REQUEST_MS = 10_000;
const HEALTHY_MS = 15_000;
const STEP_MS = 20;

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export class EdgeClient {
  readonly url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.url = url;
    this.#key = key;
  }

  /** The answer's JSON; null for 404. Throws a {@link StartFailure} for every other refusal. */
  async #ask<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<T | null> {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.#key}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(REQUEST_MS),
      redirect: "error",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as { detail?: string; remedy?: string; code?: string };
    if (response.ok) return answer as T;
    if (response.status === 404) return null;
    throw new StartFailure(
      `the edge refused ${method} ${path}: ${answer.code ?? response.status} ${answer.detail ?? ""} ${answer.remedy ?? ""}`,
      1,
    );
  }

  async waitHealthy(): Promise<void> {
    const deadline = Date.now() + HEALTHY_MS;
    for (;;) {
      const answer = await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(HEALTHY_MS) }).catch(() => null);
      await answer?.body?.cancel();
      if (answer?.ok) return;
      if (Date.now() > deadline)
        throw new StartFailure(
          `the edge at ${this.url} does not answer${answer ? ` well (status ${answer.status})` : ""}; its messages are above`,
          1,
        );
      await pause(STEP_MS);
    }
  }

  /** Null when there is no such host. */
  host(nameOrId: string): Promise<Host | null> {
    return this.#ask<Host>("GET", `/api/v1/hosts/${encodeURIComponent(nameOrId)}`);
  }

  /** The first 200 hosts of the list: each with what its relay said last, as of `last_seen_at`. */
  async hosts(): Promise<readonly Host[]> {
    return (await this.#ask<{ items: Host[] }>("GET", "/api/v1/hosts?limit=200"))!.items;
  }

  async enrollment(host: string): Promise<Enrollment> {
    return (await this.#ask<Enrollment>("POST", "/api/v1/enrollments", { host }))!;
  }

  async signInCode(): Promise<SignInCode> {
    return (await this.#ask<SignInCode>("POST", "/api/v1/sign-in-codes", {}))!;
  }
}
