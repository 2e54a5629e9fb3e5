// Data that several screens load: one host, the operations.
import type { Host } from "../../protocol/api/shapes.ts";
import { get, request, segment } from "./client.ts";
import { useResource, type Resource } from "./resource.ts";
import type { Operation } from "./session.ts";
import type { JobResult } from "../../protocol/envelope.ts";

export const HOST_MS = 5_000;

export const useHost = (host: string): Resource<Host> =>
  useResource(`host ${host}`, (signal) => get<Host>(`/api/v1/hosts/${segment(host)}`, signal), HOST_MS);

export const useOperations = (): Resource<Operation[]> =>
  useResource("operations", async (signal) => (await get<{ items: Operation[] }>("/api/v1/operations", signal)).items);

/** A read operation, answered at once. A failed one is a value too. */
export const call = (host: string, operation: string, spec: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<JobResult> =>
  request<JobResult>("POST", `/api/v1/hosts/${segment(host)}/calls`, { body: { operation, resource_spec: spec }, signal });
