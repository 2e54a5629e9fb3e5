// Copies read a machine as it lies, side by side; what changes it excludes them and is excluded by them. Hypervisors hold no such
// lock, and the locks of jobs exclude every other. Same for each hypervisor.
import { VM_OPERATIONS } from "../../../protocol/operations/virtual-machines.ts";
import type { HandlerResult, JobContext } from "../contract.ts";
import { isPlan } from "./changes.ts";
import { VmFailure } from "./failure.ts";

/** Who reads and who changes which machine now. One for a driver. */
export class Marks {
  readonly #readers = new Map<string, number>();
  readonly #changers = new Map<string, number>();

  /** Runs a copy of the machine: VM_BUSY while something changes it. */
  reading<T>(vm: string, run: () => Promise<T>): Promise<T> {
    return this.#held(vm, this.#readers, this.#changers, "The virtual machine is being changed.", run);
  }

  /** Runs a change of the machine: VM_BUSY while it is copied. */
  changing<T>(vm: string, run: () => Promise<T>): Promise<T> {
    return this.#held(vm, this.#changers, this.#readers, "The virtual machine is being copied, and must stay as it is meanwhile.", run);
  }

  async #held<T>(vm: string, own: Map<string, number>, other: Map<string, number>, busy: string, run: () => Promise<T>): Promise<T> {
    const key = vm.toLowerCase();
    if (other.has(key)) throw new VmFailure("VM_BUSY", busy);
    own.set(key, (own.get(key) ?? 0) + 1);
    try {
      return await run();
    } finally {
      const left = own.get(key)! - 1;
      if (left > 0) own.set(key, left);
      else own.delete(key);
    }
  }
}

type AnyHandler = (spec: unknown, context: JobContext) => Promise<HandlerResult>;

const READERS: ReadonlySet<string> = new Set(["vm.clone", "vm.export", "disk.clone"]);

/** Handlers of what only looks stay as they are. Refuses with VM_BUSY. */
export function guarded(marks: Marks, name: keyof typeof VM_OPERATIONS, handler: AnyHandler): AnyHandler {
  if (VM_OPERATIONS[name].risk === "read") return handler;
  const hold = READERS.has(name) ? marks.reading.bind(marks) : marks.changing.bind(marks);
  return (value, context) => {
    const spec = value as { readonly vm?: string; readonly attach_to?: string };
    const run = () => handler(value, context);
    if (isPlan(context)) return run();
    const outer = spec.attach_to === undefined ? run : () => marks.changing(spec.attach_to!, run);
    return spec.vm === undefined ? outer() : hold(spec.vm, outer);
  };
}
