// Fields of the contract that libvirt has no place for: refused with their pointer, never dropped.
import type { FieldError } from "../../../../protocol/inputs.ts";
import { VmFailure } from "../../virtual/failure.ts";

interface Fields {
  readonly memory_buffer_percent?: number | undefined;
  readonly autostart_condition?: string | undefined;
  readonly autostart_delay_ms?: number | undefined;
  readonly stop_action?: string | undefined;
  readonly secure_boot_template?: string | undefined;
}

/** Throws HYPERVISOR_UNSUPPORTED that names each. */
export function refuseUnsupported(spec: Fields): void {
  const errors: FieldError[] = [];
  const refuse = (pointer: string, message: string) => errors.push({ pointer, message });
  if (spec.memory_buffer_percent !== undefined) refuse("/memory_buffer_percent", "is Hyper-V's");
  if ((spec.autostart_condition ?? "always") !== "always") refuse("/autostart_condition", "can only be always on KVM");
  if ((spec.autostart_delay_ms ?? 0) > 0) refuse("/autostart_delay_ms", "can only be 0 on KVM");
  // libvirt-guests decides it for all machines of the host.
  if ((spec.stop_action ?? "shutdown") !== "shutdown") refuse("/stop_action", "can only be shutdown on KVM");
  if (spec.secure_boot_template !== undefined) refuse("/secure_boot_template", "is Hyper-V's; OVMF has Microsoft's keys");
  const [first] = errors;
  if (first) throw new VmFailure("HYPERVISOR_UNSUPPORTED", `${first.pointer.slice(1)} ${first.message}.`, errors);
}
