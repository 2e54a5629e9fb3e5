// What every part of a virtual machine's forms is given.
import type { ErrorsAt } from "../vm/field-errors.ts";
import type { VirtualResources } from "../vm/contract.ts";
import type { Has } from "./vm-draft.ts";
import type { Guide } from "./vm-guide.ts";

export interface Part<D> {
  readonly draft: D;
  readonly change: (part: Partial<D>) => void;
  readonly errorsAt: ErrorsAt;
  readonly guide: Guide;
  readonly has: Has;
  readonly virtual: VirtualResources;
}
