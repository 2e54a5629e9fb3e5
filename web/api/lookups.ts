// Data that several screens load: hosts, the operations.
import type { Host } from "../../protocol/api/shapes.ts";
import { storeOf } from "../store.ts";
import { get, request, segment } from "./client.ts";
import { useResource, type Resource } from "./resource.ts";
import type { Operation } from "./session.ts";
import type { JobResult } from "../../protocol/envelope.ts";

export const HOST_MS = 5_000;

/** Whether a host that one may see has a hypervisor; null: no hosts were loaded yet. */
export const hasHypervisor = storeOf<boolean | null>(null);

/** Every page of them: a few machines, but nothing may be missing without a word. */
export async function allHosts(signal: AbortSignal): Promise<Host[]> {
  const hosts: Host[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: { items: Host[]; next_cursor: string | null } = await get(
      `/api/v1/hosts?limit=200${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      signal,
    );
    hosts.push(...page.items);
    cursor = page.next_cursor;
  }
  hasHypervisor.set(hosts.some(({ capabilities }) => (capabilities?.virtual ?? null) !== null));
  return hosts.sort((a, b) => Number(b.online) - Number(a.online) || a.name.localeCompare(b.name));
}

export const useHost = (host: string): Resource<Host> =>
  useResource(`host ${host}`, (signal) => get<Host>(`/api/v1/hosts/${segment(host)}`, signal), HOST_MS);

export const useOperations = (): Resource<Operation[]> =>
  useResource("operations", async (signal) => (await get<{ items: Operation[] }>("/api/v1/operations", signal)).items);

/** A read operation, answered at once. A failed one is a value too. */
export const call = (host: string, operation: string, spec: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<JobResult> =>
  request<JobResult>("POST", `/api/v1/hosts/${segment(host)}/calls`, { body: { operation, resource_spec: spec }, signal });
