// Copies read a machine as it lies, side by side; what changes it excludes them and is excluded by them. libvirt holds no such
// lock, and the locks of jobs exclude every other.
import { VM_OPERATIONS } from "../../../../protocol/operations/virtual-machines.ts";
import type { HandlerResult, JobContext } from "../../contract.ts";
import { isPlan } from "../../virtual/changes.ts";
import type { Marks } from "./bases.ts";

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
