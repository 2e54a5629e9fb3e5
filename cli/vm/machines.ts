// Finding what is meant on a host: a machine by name or UUID, a disk or an adapter by name or id. Asks the host itself: a name is
// what it is now.
import type * as z from "zod";
import type { Host } from "../../protocol/api/shapes.ts";
import type { JobResult } from "../../protocol/envelope.ts";
import type { VirtualResources } from "../../protocol/virtual-resources.ts";
import type { VM_OPERATIONS } from "../../protocol/operations/virtual-machines.ts";
import type { Client } from "../client.ts";
import { CliFailure, EXIT, exitFor, remedyFor } from "../failure.ts";
import { segment } from "../session.ts";
import type { Input } from "../verb.ts";

type DataOf<N extends keyof typeof VM_OPERATIONS> = z.infer<(typeof VM_OPERATIONS)[N]["data"]>;
export type Machine = DataOf<"vm.get">;
export type Stats = DataOf<"vm.stats">;
export type Disk = DataOf<"disk.list">["items"][number];
export type Nic = DataOf<"nic.list">["items"][number];
export type Snapshot = DataOf<"snapshot.list">["items"][number];
export type { DataOf };

/** A question to a host takes longer than one to the edge. */
const ASK_MS = 40_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const hostPath = (host: string): string => `/api/v1/hosts/${segment(host)}`;

export async function ask<T>(client: Client, path: string): Promise<T> {
  return (await client.ask<T>("GET", path, { timeoutMs: ASK_MS })).body;
}

/** What the host's hypervisor has and lacks; null: nobody may say, or it has none. */
export async function virtualOf(client: Client, host: string): Promise<VirtualResources | null> {
  try {
    return (await client.get<Host>(hostPath(host))).capabilities?.virtual ?? null;
  } catch (error) {
    if (error instanceof CliFailure && error.exitCode !== EXIT.unreachable) return null;
    throw error;
  }
}

async function machinesOf(client: Client, host: string): Promise<DataOf<"vm.list">["items"]> {
  const body = { operation: "vm.list", resource_spec: {} };
  const { body: result } = await client.ask<JobResult>("POST", `${hostPath(host)}/calls`, { body, timeoutMs: ASK_MS });
  const code = result.code ?? "";
  if (result.status !== "success")
    throw new CliFailure(exitFor(code), [`${result.message}${code ? ` (${code})` : ""}`, remedyFor(code)].filter(Boolean).join("\n"));
  return (result.data as DataOf<"vm.list">).items;
}

export interface Meant {
  readonly host: string;
  /** As it was written. */
  readonly name: string;
  readonly path: string;
}

/** The machine of the words `HOST VM` from `index` on. */
export async function machineIn(client: Client, input: Input, index: number): Promise<Meant> {
  const host = input.need(index, "The host");
  const name = input.need(index + 1, "The virtual machine, by name or UUID,");
  if (UUID.test(name)) return { host, name, path: `${hostPath(host)}/vms/${name}` };
  const found = (await machinesOf(client, host)).find((machine) => machine.name === name);
  if (!found) throw new CliFailure(EXIT.failed, `There is no virtual machine ${name} on ${host}: \`farhand vm list ${host}\`.`);
  return { host, name, path: `${hostPath(host)}/vms/${found.id}` };
}

/** The path of a machine's disk or adapter, by name or id. */
export async function partIn(client: Client, machine: Meant, kind: "disks" | "nics", word: string): Promise<string> {
  const { items } = await ask<{ items: readonly (Disk | Nic)[] }>(client, `${machine.path}/${kind}`);
  const found = items.find(({ id }) => id === word) ?? items.find(({ name }) => name === word);
  const what = kind === "disks" ? "disk" : "network adapter";
  if (!found)
    throw new CliFailure(
      EXIT.failed,
      `${machine.name} has no ${what} ${word}: ${items.map(({ name }) => name).join(", ") || "it has none"}.`,
    );
  return `${machine.path}/${kind}/${segment(found.id)}`;
}
