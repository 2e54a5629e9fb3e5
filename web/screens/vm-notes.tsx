// A virtual machine's notes, edited where they stand.
import { useState } from "preact/hooks";
import { useMe } from "../api/session.ts";
import { TextField } from "../forms/field.tsx";
import { mayAsk, vmPath } from "../vm/contract.ts";
import { errorsIn } from "../vm/field-errors.ts";
import { useChange } from "../vm/use-change.ts";
import { WorkLine } from "../vm/work.tsx";
import type { VmTabProps } from "./vm.tsx";

export function Notes({ host, vm, reload }: VmTabProps) {
  const me = useMe();
  const change = useChange(reload);
  const [text, setText] = useState<string | null>(null);
  const canEdit = mayAsk(me, host, "vm.update");
  const save = async () => {
    const done = await change.run("Saving the notes", { method: "PATCH", path: vmPath(host.name, vm.id), body: { description: text } });
    if (done) setText(null);
  };
  return (
    <section class="card">
      <h2>Notes</h2>
      {text === null ? (
        <>
          <p class={vm.description === "" ? "soft notes" : "notes"}>{vm.description === "" ? "None yet." : vm.description}</p>
          {canEdit && (
            <button class="plain" onClick={() => setText(vm.description)}>
              Edit notes
            </button>
          )}
        </>
      ) : (
        <>
          <TextField label="Notes" rows={5} value={text} errors={errorsIn(change.work)("/description")} onInput={setText} />
          <div class="buttons">
            <button disabled={change.work?.isBusy ?? false} onClick={() => void save()}>
              Save
            </button>
            <button class="plain" onClick={() => setText(null)}>
              Leave
            </button>
          </div>
        </>
      )}
      <WorkLine change={change} />
    </section>
  );
}
