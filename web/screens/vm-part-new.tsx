// A new part for a virtual machine that is there: its form behind a button, asked of the host with its plan, closed when it was made.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { hasOf, type Has } from "../forms/vm-draft.ts";
import { useGuide } from "../forms/vm-guide.ts";
import type { Part } from "../forms/vm-part.ts";
import { vmPath, type VirtualResources } from "../vm/contract.ts";
import { errorsIn } from "../vm/field-errors.ts";
import { PlanDialog, usePlanned } from "../vm/plan.tsx";
import { useChange } from "../vm/use-change.ts";
import { WorkLine } from "../vm/work.tsx";
import type { VmTabProps } from "./vm.tsx";

/** A tab's, of a host that has a hypervisor. */
export type WithVirtual = VmTabProps & { readonly virtual: VirtualResources };

interface NewPartProps<D> extends WithVirtual {
  readonly operation: "disk.create" | "nic.create";
  /** Below the machine's own. */
  readonly path: "disks" | "nics";
  /** What the button says: `Add a disk`. */
  readonly opener: string;
  readonly title: string;
  /** In a sentence: `the disk`. */
  readonly thing: string;
  readonly fresh: D;
  readonly specOf: (draft: D, has: Has) => object;
  readonly fields: (part: Part<D>) => ComponentChildren;
}

export function NewPart<D extends object>(props: NewPartProps<D>) {
  const { host, vm, virtual, reload, operation, path, opener, title, thing, fresh, specOf, fields } = props;
  const [draft, setDraft] = useState(fresh);
  const [isOpen, setIsOpen] = useState(false);
  const change = useChange(reload);
  const planned = usePlanned(change);
  const guide = useGuide(operation);
  const has = hasOf(virtual, operation);
  const add = (event: Event) => {
    event.preventDefault();
    void planned.wish({
      what: `Adding ${thing}`,
      title: `Add ${thing}?`,
      action: "Add",
      request: { method: "POST", path: `${vmPath(host.name, vm.id)}/${path}`, body: specOf(draft, has) },
      onDone: () => {
        setDraft(fresh);
        setIsOpen(false);
      },
    });
  };
  if (!isOpen)
    return (
      <p>
        <button onClick={() => setIsOpen(true)}>{opener}</button>
      </p>
    );
  const set = (part: Partial<D>) => setDraft((before) => ({ ...before, ...part }));
  return (
    <form class="form card" onSubmit={add} noValidate aria-label={title}>
      <h2>{title}</h2>
      {fields({ draft, change: set, errorsAt: errorsIn(change.work), guide, has, virtual, firmware: vm.firmware })}
      <WorkLine change={change} />
      <PlanDialog planned={planned} />
      <div class="buttons">
        <button disabled={change.work?.isBusy ?? false}>Add it</button>
        <button type="button" class="plain" onClick={() => setIsOpen(false)}>
          Leave
        </button>
      </div>
    </form>
  );
}
