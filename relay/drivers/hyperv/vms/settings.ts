// What of a vm.update is another than it is, and what of that Hyper-V takes in the state that the machine is in. Nothing ever waits
// for a restart here: it is taken at once or not at all. Pure.
import type { SpecOf } from "../../contract.ts";
import { isSame } from "../../virtual/changes.ts";
import { fieldFailure } from "../../virtual/failure.ts";
import type { VmData } from "../session.ts";

export type Wishes = Omit<SpecOf<"vm.update">, "vm">;
type Field = keyof Wishes;

export interface Difference {
  readonly field: Field;
  readonly from: unknown;
  readonly to: unknown;
  /** Why it cannot be now; null: it can. */
  readonly hindered: string | null;
}

/** Of the host's and the product's own books: the machine need not know. */
const ALWAYS: ReadonlySet<Field> = new Set([
  "description",
  "tags",
  "os_family",
  "deletion_protection",
  "autostart",
  "autostart_condition",
  "autostart_delay_ms",
]);

const isDynamic = ({ memory_min_bytes: min, memory_max_bytes: max }: Pick<VmData, "memory_min_bytes" | "memory_max_bytes">): boolean =>
  min !== null || max !== null;

/** Memory of a running machine: static memory moves, dynamic memory only widens. */
function takesMemory(field: Field, vm: VmData, to: unknown): boolean {
  if (!isDynamic(vm)) return field === "memory_bytes";
  if (field === "memory_buffer_percent") return true;
  if (field === "memory_min_bytes") return typeof to === "number" && vm.memory_min_bytes !== null && to < vm.memory_min_bytes;
  return field === "memory_max_bytes" && typeof to === "number" && vm.memory_max_bytes !== null && to > vm.memory_max_bytes;
}

function hinders(field: Field, vm: VmData, to: unknown): string | null {
  if (ALWAYS.has(field) || vm.state === "off") return null;
  if (vm.state === "running" && field.startsWith("memory_") && takesMemory(field, vm, to)) return null;
  return `The virtual machine is ${vm.state}; it must be off to change ${field} so.`;
}

/** Ids are taken too; read are names. */
function orderOf(vm: VmData, wished: readonly string[]): string[] {
  const devices = [...vm.disks, ...vm.nics];
  return wished.map((wish, index) => {
    const found = devices.find(({ id, name }) => id === wish || name === wish);
    if (!found) throw fieldFailure("VM_CONFIG_INVALID", `/boot_order/${index}`, "names no device of this machine");
    return found.name;
  });
}

/** Hyper-V's order has every device: what was not named follows what was. */
const firstOf = (order: readonly string[], wished: readonly string[]): readonly string[] => order.slice(0, wished.length);

function refuseTogether(vm: VmData, wishes: Wishes): void {
  const bad = (field: Field, message: string) => fieldFailure("VM_CONFIG_INVALID", `/${field}`, message);
  if (vm.firmware === "bios")
    for (const field of ["secure_boot", "tpm"] as const) if (wishes[field]) throw bad(field, "needs firmware uefi");
  if (wishes.secure_boot_template !== undefined && !(wishes.secure_boot ?? vm.secure_boot))
    throw bad("secure_boot_template", "needs secure_boot");
  const memory = wishes.memory_bytes ?? vm.memory_bytes;
  const min = wishes.memory_min_bytes === undefined ? vm.memory_min_bytes : wishes.memory_min_bytes;
  const max = wishes.memory_max_bytes === undefined ? vm.memory_max_bytes : wishes.memory_max_bytes;
  if (min !== null && min > memory)
    throw bad(
      wishes.memory_min_bytes === undefined ? "memory_bytes" : "memory_min_bytes",
      "must keep memory_min_bytes at most memory_bytes",
    );
  if (max !== null && max < memory)
    throw bad(
      wishes.memory_max_bytes === undefined ? "memory_bytes" : "memory_max_bytes",
      "must keep memory_max_bytes at least memory_bytes",
    );
  if (wishes.memory_buffer_percent !== undefined && min === null && max === null)
    throw bad("memory_buffer_percent", "needs memory_min_bytes or memory_max_bytes");
  if ((wishes.autostart_delay_ms ?? 0) % 1_000 !== 0) throw bad("autostart_delay_ms", "must be whole seconds on Hyper-V");
  if (wishes.autostart_condition !== undefined && !(wishes.autostart ?? vm.autostart)) throw bad("autostart_condition", "needs autostart");
}

/** Throws VM_CONFIG_INVALID for what could never be. */
export function differences(vm: VmData, wishes: Wishes): Difference[] {
  refuseTogether(vm, wishes);
  return (Object.keys(wishes) as Field[]).flatMap((field) => {
    const wish = wishes[field];
    const to: unknown = field === "boot_order" && wishes.boot_order ? orderOf(vm, wishes.boot_order) : wish;
    const from: unknown = vm[field];
    if (wish === undefined || isSame(field === "boot_order" ? firstOf(vm.boot_order, to as string[]) : from, to)) return [];
    return [{ field, from, to, hindered: hinders(field, vm, to) }];
  });
}
