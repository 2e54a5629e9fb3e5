// Whether relay.toml lets an operation run here. The host has the last word: an edge cannot make it do anything else.
import type { ErrorCode } from "../../protocol/errors.ts";
import { matchesOperation } from "../../protocol/operations/index.ts";
import { VM_OPERATIONS } from "../../protocol/operations/virtual-machines.ts";
import type { RelayConfig } from "../config.ts";

export type Allowance = { readonly allowed: true } | { readonly allowed: false; readonly code: ErrorCode; readonly message: string };

type AllowConfig = Pick<RelayConfig, "file" | "allow" | "exec" | "commands"> &
  Partial<Pick<RelayConfig, "terminal" | "libvirt" | "hyperv">>;

const refuse = (code: ErrorCode, message: string): Allowance => ({ allowed: false, code, message });

/** The message names the line of relay.toml that would allow it. */
export function allows(config: AllowConfig, operation: string): Allowance {
  const listed = config.allow === null ? null : config.allow.some((pattern) => matchesOperation(pattern, operation));
  const add = `Add "${operation}" to [allow] operations in ${config.file}`;
  if (operation === "command.exec" && !config.exec)
    return refuse("EXEC_DISABLED", `Set exec = true under [command] in ${config.file}${listed === false ? `. ${add}, too` : ""}.`);
  // `terminal.open` and `terminal.watch` too: the interactive ones, which are no operations.
  const isTerminal = operation.startsWith("terminal.");
  if (isTerminal && config.terminal?.enabled !== true)
    return refuse("TERMINALS_DISABLED", `Set enabled = true under [terminal] in ${config.file}${listed === false ? `. ${add}, too` : ""}.`);
  const isVm = Object.hasOwn(VM_OPERATIONS, operation);
  if (isVm && !config.libvirt && !config.hyperv) {
    const too = listed === false ? ` ${add}, too.` : "";
    return refuse(
      "OPERATION_NOT_ALLOWED",
      `Add a [libvirt] table (docs/kvm.md) or a [hyperv] table (docs/hyperv.md) to ${config.file}.${too}`,
    );
  }
  if (listed === true) return { allowed: true };
  if (listed === false) return refuse("OPERATION_NOT_ALLOWED", `${add}.`);
  if (operation.startsWith("host.") || operation === "command.exec" || isTerminal || isVm) return { allowed: true };
  if (operation !== "command.run") return refuse("OPERATION_NOT_ALLOWED", `${add}.`);
  if (Object.keys(config.commands).length > 0) return { allowed: true };
  return refuse("OPERATION_NOT_ALLOWED", `Declare a command as [commands.NAME] with argv = ["…"] in ${config.file}.`);
}
