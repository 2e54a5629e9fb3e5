// What libvirt's errors and this client's conditions are called for a caller: by number, never by their text. An error whose
// number says too little (a name that is taken is "operation failed") is looked for by the driver before it acts.
import type { ErrorCode } from "../../../protocol/errors.ts";
import { LibvirtError, type Condition } from "./rpc/errors.ts";

const OF_LIBVIRT: Readonly<Record<string, ErrorCode>> = {
  NO_DOMAIN: "VM_NOT_FOUND",
  DOM_EXIST: "VM_EXISTS",
  OPERATION_INVALID: "VM_STATE_INVALID",
  // The lock of a domain was not to be had within libvirt's half minute.
  OPERATION_TIMEOUT: "VM_BUSY",
  RESOURCE_BUSY: "VM_BUSY",
  BLOCK_COPY_ACTIVE: "VM_BUSY",
  NO_DOMAIN_SNAPSHOT: "SNAPSHOT_NOT_FOUND",
  SNAPSHOT_REVERT_RISKY: "SNAPSHOT_UNSUPPORTED",
  NO_STORAGE_VOL: "DISK_NOT_FOUND",
  STORAGE_VOL_EXIST: "DISK_EXISTS",
  NO_STORAGE_POOL: "STORAGE_UNAVAILABLE",
  NO_NETWORK: "NETWORK_UNAVAILABLE",
  AGENT_UNRESPONSIVE: "AGENT_UNAVAILABLE",
  AGENT_UNSYNCED: "AGENT_UNAVAILABLE",
  AGENT_COMMAND_TIMEOUT: "AGENT_UNAVAILABLE",
  NO_MEMORY: "HOST_MEMORY_SHORT",
  INVALID_MAC: "VM_CONFIG_INVALID",
  XML_ERROR: "VM_CONFIG_INVALID",
  XML_DETAIL: "VM_CONFIG_INVALID",
  XML_INVALID_SCHEMA: "VM_CONFIG_INVALID",
  CONFIG_UNSUPPORTED: "VM_CONFIG_INVALID",
  CPU_INCOMPATIBLE: "VM_CONFIG_INVALID",
  NO_SUPPORT: "HYPERVISOR_UNSUPPORTED",
  OPERATION_UNSUPPORTED: "HYPERVISOR_UNSUPPORTED",
  ARGUMENT_UNSUPPORTED: "HYPERVISOR_UNSUPPORTED",
  ACCESS_DENIED: "HYPERVISOR_ACCESS_DENIED",
  OPERATION_DENIED: "HYPERVISOR_ACCESS_DENIED",
  AUTH_FAILED: "HYPERVISOR_ACCESS_DENIED",
  AUTH_CANCELLED: "HYPERVISOR_ACCESS_DENIED",
  AUTH_UNAVAILABLE: "HYPERVISOR_ACCESS_DENIED",
  NO_CONNECT: "HYPERVISOR_UNAVAILABLE",
};

const OF_CONDITION: Readonly<Record<Exclude<Condition, "daemon" | "disconnected">, ErrorCode>> = {
  timeout: "HYPERVISOR_TIMEOUT",
  unreachable: "HYPERVISOR_UNAVAILABLE",
  protocol: "HYPERVISOR_TIMEOUT",
  busy: "HYPERVISOR_UNAVAILABLE",
  cancelled: "JOB_CANCELLED",
  argument: "VM_CONFIG_INVALID",
};

const isRefusedByFile = ({ cause }: LibvirtError): boolean =>
  cause instanceof LibvirtError
    ? isRefusedByFile(cause)
    : ["EACCES", "EPERM"].includes((cause as { code?: string } | undefined)?.code ?? "");

/**
 * The code of any error of the client. A call that was sent and whose answer was lost or cannot be read may have had its effect:
 * HYPERVISOR_TIMEOUT.
 */
export function codeOf(error: LibvirtError): ErrorCode {
  if (error.condition === "daemon") return OF_LIBVIRT[error.libvirtError ?? ""] ?? "HYPERVISOR_FAILED";
  if (error.condition === "unreachable" && isRefusedByFile(error)) return "HYPERVISOR_ACCESS_DENIED";
  if (!error.sent && (error.condition === "timeout" || error.condition === "disconnected")) return "HYPERVISOR_UNAVAILABLE";
  if (!error.sent && error.condition === "protocol") return "HYPERVISOR_FAILED";
  return error.condition === "disconnected" ? "HYPERVISOR_TIMEOUT" : OF_CONDITION[error.condition];
}
