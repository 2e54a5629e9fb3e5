// The registry: every operation there is. Validation, routes, OpenAPI, CLI help and docs derive from it.
import { commandExec, commandRun } from "./command.ts";
import type { OperationDefinition } from "./define.ts";
import { hostInfo, hostMetrics, hostProcesses } from "./host.ts";

export const OPERATIONS = {
  "host.info": hostInfo,
  "host.metrics": hostMetrics,
  "host.processes": hostProcesses,
  "command.run": commandRun,
  "command.exec": commandExec,
} as const;

export type OperationName = keyof typeof OPERATIONS;

export function findOperation(name: string): OperationDefinition | null {
  return Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name as OperationName] : null;
}

/** Does `pattern` (`*`, `noun.*` or a name) cover an operation? */
export function matchesOperation(pattern: string, name: string): boolean {
  if (pattern === "*") return true;
  return pattern.endsWith(".*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}
