// Another name for a virtual machine, or its end.
import { useState } from "preact/hooks";
import { CheckField, TextField } from "../forms/field.tsx";
import { navigate } from "../router.ts";
import { pathTo } from "../routes.ts";
import { vmPath } from "../vm/contract.ts";
import { errorsIn } from "../vm/field-errors.ts";
import { PlanDialog, usePlanned } from "../vm/plan.tsx";
import { useChange } from "../vm/use-change.ts";
import { WorkLine } from "../vm/work.tsx";
import type { VmTabProps } from "./vm.tsx";

export function Rename({ host, vm, reload }: VmTabProps) {
  const change = useChange(reload);
  const [name, setName] = useState(vm.name);
  return (
    <details class="fold">
      <summary>Rename</summary>
      <TextField label="Name" isCode value={name} errors={errorsIn(change.work)("/name")} onInput={setName} />
      <button
        class="plain"
        disabled={(change.work?.isBusy ?? false) || name === vm.name}
        onClick={() => void change.run("Renaming it", { method: "POST", path: `${vmPath(host.name, vm.id)}/rename`, body: { name } })}
      >
        Rename
      </button>
      <WorkLine change={change} />
    </details>
  );
}

export function Delete({ host, vm }: VmTabProps) {
  const change = useChange();
  const planned = usePlanned(change);
  const [withDisks, setWithDisks] = useState(true);
  const isOff = vm.state === "off" || vm.state === "saved";
  const ask = () =>
    planned.wish({
      what: `Deleting ${vm.name}`,
      title: `Delete ${vm.name}?`,
      action: "Delete",
      loses: withDisks ? "Its disks are deleted with their data. There is no way back." : "Its settings are deleted; its disks stay.",
      request: {
        method: "DELETE",
        path: vmPath(host.name, vm.id),
        query: { ...(withDisks ? { delete_disks: "true" } : {}), ...(isOff ? {} : { force: "true" }) },
      },
      onDone: () => navigate(pathTo("vms"), true),
    });
  return (
    <details class="fold">
      <summary>Delete</summary>
      {vm.deletion_protection ? (
        <p>
          It is protected against deletion. <a href={pathTo("vmHardware", { host: host.name, vm: vm.id })}>Hardware, Advanced</a> takes the
          protection away.
        </p>
      ) : (
        <>
          <CheckField
            label="Its disks too"
            hint="Those in the host's storage classes that no other machine stands on"
            checked={withDisks}
            onCheck={setWithDisks}
          />
          {!isOff && <p class="soft">It is turned off first.</p>}
          <button class="plain danger-text" disabled={change.work?.isBusy ?? false} onClick={() => void ask()}>
            Delete…
          </button>
        </>
      )}
      <WorkLine change={change} />
      <PlanDialog planned={planned} />
    </details>
  );
}
