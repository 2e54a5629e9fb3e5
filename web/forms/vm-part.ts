// What every part of a virtual machine's forms is given.
import type { ErrorsAt } from "../vm/field-errors.ts";
import type { VirtualResources, Vm } from "../vm/contract.ts";
import type { Has } from "./vm-draft.ts";
import type { Guide } from "./vm-guide.ts";

export interface Part<D> {
  readonly draft: D;
  readonly change: (part: Partial<D>) => void;
  readonly errorsAt: ErrorsAt;
  readonly guide: Guide;
  readonly has: Has;
  readonly virtual: VirtualResources;
  /** Of the machine that it is, or belongs to: what devices there can be depends on it. */
  readonly firmware: Vm["firmware"];
}
