// The registry: every operation there is. Validation, routes, OpenAPI, CLI help and docs derive from it.
import { commandExec, commandRun } from "./command.ts";
import type { OperationDefinition } from "./define.ts";
import { hostInfo, hostMetrics, hostProcesses } from "./host.ts";
import {
  terminalCapture,
  terminalCreate,
  terminalKill,
  terminalList,
  terminalRecord,
  terminalResize,
  terminalSave,
  terminalSend,
  terminalSplit,
} from "./terminal.ts";
import { VM_OPERATIONS } from "./virtual-machines.ts";

export const OPERATIONS = {
  "host.info": hostInfo,
  "host.metrics": hostMetrics,
  "host.processes": hostProcesses,
  "command.run": commandRun,
  "command.exec": commandExec,
  "terminal.list": terminalList,
  "terminal.create": terminalCreate,
  "terminal.split": terminalSplit,
  "terminal.send": terminalSend,
  "terminal.capture": terminalCapture,
  "terminal.save": terminalSave,
  "terminal.resize": terminalResize,
  "terminal.kill": terminalKill,
  "terminal.record": terminalRecord,
  ...VM_OPERATIONS,
} as const;

export type OperationName = keyof typeof OPERATIONS;

export function findOperation(name: string): OperationDefinition | null {
  return Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name as OperationName] : null;
}

export { matchesOperation } from "./pattern.ts";

/** For people: `noun.*` in place of a noun's operations where all of them are among `names`. */
export function shortNames(names: readonly string[]): string[] {
  const nounOf = (name: string) => name.split(".")[0]!;
  const all = Object.groupBy(Object.keys(OPERATIONS), nounOf);
  return Object.entries(Object.groupBy(names, nounOf)).flatMap(([noun, some = []]) =>
    some.length > 1 && some.length === all[noun]?.length ? [`${noun}.*`] : some,
  );
}
