// What of an update can be known to fail before anything is changed: what the host cannot give, and states in which it cannot be.
import { fieldFailure, VmFailure } from "../../../virtual/failure.ts";
import { capabilitiesOf, machineOf, type Capabilities } from "../../capabilities.ts";
import type { EditedField, EditError } from "../../domain/edit.ts";
import type { MachineGifts } from "../../domain/edit-machine.ts";
import type { DomainFacts } from "../../domain/facts.ts";
import type { DomainChange } from "../../domain/settings.ts";
import type { ReadVm, Session } from "../../session.ts";
import { needCpus, needMemoryAtAll, needMemoryNow } from "../host-room.ts";

const NEEDS_CAPABILITIES = ["cpus", "cpu_topology", "tpm", "nested", "secure_boot"] as const;

/** Throws HOST_CPUS_SHORT, TPM_UNSUPPORTED, SECURE_BOOT_UNSUPPORTED, HYPERVISOR_UNSUPPORTED. */
export async function giftsFor(session: Session, vm: ReadVm, change: DomainChange): Promise<MachineGifts | undefined> {
  if (NEEDS_CAPABILITIES.every((field) => change[field] === undefined)) return undefined;
  const capabilities = await capabilitiesOf(session, machineOf(vm.defined));
  const { facts } = vm;
  if ((change.cpus ?? 0) > facts.cpus) await needCpus(session, change.cpus!, capabilities.maxCpus);
  if (change.tpm && !facts.tpm && capabilities.tpmModel === null)
    throw fieldFailure("TPM_UNSUPPORTED", "/tpm", "cannot be had: the host has no swtpm");
  if (change.secure_boot && !facts.secureBoot && facts.firmware === "uefi" && !capabilities.secureBoot)
    throw fieldFailure("SECURE_BOOT_UNSUPPORTED", "/secure_boot", "cannot be had: the host has no firmware for it");
  const nestedMode = nestedModeOf(capabilities);
  if (change.nested && !facts.nested && nestedMode === null)
    throw fieldFailure("HYPERVISOR_UNSUPPORTED", "/nested", "cannot be had with this kind of machine");
  return { tpmModel: capabilities.tpmModel ?? "tpm-crb", nestedMode: nestedMode ?? "host-passthrough" };
}

/** Mode of <cpu> in which a guest may run guests; null: none. */
export const nestedModeOf = ({ cpuModes }: Capabilities): string | null =>
  ["host-passthrough", "maximum"].find((mode) => cpuModes.has(mode)) ?? null;

export function refuseErrors(errors: readonly EditError[]): void {
  const [first] = errors;
  if (first) throw new VmFailure("VM_CONFIG_INVALID", `${first.pointer.slice(1)}: ${first.message}.`, errors);
}

/** What goes only while it is off. */
export function refuseStates(session: Session, vm: ReadVm, change: DomainChange): void {
  if (change.secure_boot !== undefined && change.secure_boot !== vm.facts.secureBoot && vm.facts.firmware === "uefi")
    session.need(vm.state, ["off", "crashed"], "it must be off to change secure_boot");
}

/** What the host could never give, and what a running machine is to get of it now. Throws HOST_MEMORY_SHORT. */
export function refuseShortMemory(edited: readonly EditedField[], running: DomainFacts | null): void {
  for (const { field, from, to, reach } of edited) {
    if ((field !== "memory_bytes" && field !== "memory_max_bytes") || typeof to !== "number" || to <= Number(from ?? 0)) continue;
    needMemoryAtAll(to, `/${field}`);
    if (running && reach === "memory" && to > running.memoryBytes) needMemoryNow(to - running.memoryBytes, `/${field}`);
  }
}
