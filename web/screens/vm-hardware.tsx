// A virtual machine's hardware as a form: what differs is sent, its plan shown where it needs a restart.
import { useState } from "preact/hooks";
import { useMe } from "../api/session.ts";
import { AboutFields, AdvancedFields } from "../forms/vm-advanced.tsx";
import { hardwareOf, hasOf, patchSpec, type HardwareDraft } from "../forms/vm-draft.ts";
import { useGuide } from "../forms/vm-guide.ts";
import { FirmwareFields, MachineFields } from "../forms/vm-machine.tsx";
import type { Part } from "../forms/vm-part.ts";
import { Badge } from "../parts/badge.tsx";
import { countOf } from "../parts/format.ts";
import { Empty } from "../parts/states.tsx";
import { mayAsk, virtualOf, vmPath } from "../vm/contract.ts";
import { errorsIn, useShown } from "../vm/field-errors.ts";
import { PlanDialog, usePlanned } from "../vm/plan.tsx";
import { useChange } from "../vm/use-change.ts";
import { WorkLine } from "../vm/work.tsx";
import type { VmTabProps } from "./vm.tsx";

export function VmHardware({ host, vm, reload }: VmTabProps) {
  const me = useMe();
  const virtual = virtualOf(host);
  const [edited, setEdited] = useState<Partial<HardwareDraft>>({});
  const change = useChange(reload);
  const planned = usePlanned(change);
  const guide = useGuide("vm.update");
  const form = useShown(change.work);
  if (!virtual || !mayAsk(me, host, "vm.update")) return <Empty title="You may look at this machine, not change it." />;
  const has = hasOf(virtual, "vm.update");
  const now = hardwareOf(vm);
  // What was not touched follows the machine.
  const draft: HardwareDraft = { ...now, ...edited };
  const spec = patchSpec(now, draft, has);
  const count = Object.keys(spec).length;
  const part: Part<HardwareDraft> = {
    draft,
    change: (part) => setEdited((before) => ({ ...before, ...part })),
    errorsAt: errorsIn(change.work),
    guide,
    has,
    virtual,
    firmware: draft.firmware,
  };
  const save = (event: Event) => {
    event.preventDefault();
    void planned.wish({
      what: "Changing it",
      title: "Change it?",
      action: "Apply",
      request: { method: "PATCH", path: vmPath(host.name, vm.id), body: spec },
      onDone: (done) => {
        // What was left undone stays in the form.
        if (done.not_changed.length === 0) setEdited({});
      },
    });
  };
  const isBusy = change.work?.isBusy ?? false;
  return (
    <form class="form" ref={form} onSubmit={save} noValidate>
      {vm.needs_restart && (
        <p class="vm-pending">
          <Badge tone="warn">needs a restart</Badge> {vm.pending.length > 0 ? `waiting: ${vm.pending.join(", ")}` : ""}
        </p>
      )}
      <MachineFields {...part} />
      <FirmwareFields {...part} isFixed />
      <fieldset class="card">
        <legend>About</legend>
        <AboutFields {...part} />
      </fieldset>
      <details class="fold">
        <summary>Advanced</summary>
        <AdvancedFields {...part} />
      </details>
      <WorkLine change={change} />
      {change.work?.done && !change.work.done.planned && count === 0 && (
        <p role="status">Saved{change.work.done.needs_restart ? ": some of it applies when the machine was off once" : ""}.</p>
      )}
      <PlanDialog planned={planned} />
      <div class="buttons form-end">
        <button disabled={isBusy || count === 0}>{count === 0 ? "Nothing changed" : `Save ${countOf(count, "change")}`}</button>
        {count > 0 && (
          <button type="button" class="plain" disabled={isBusy} onClick={() => (setEdited({}), change.clear())}>
            Take back
          </button>
        )}
      </div>
    </form>
  );
}
