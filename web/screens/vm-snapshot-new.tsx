// A snapshot is taken: its name, with memory or without.
import { useState } from "preact/hooks";
import { CheckField, TextField } from "../forms/field.tsx";
import { virtualOf, vmPath } from "../vm/contract.ts";
import { errorsIn } from "../vm/field-errors.ts";
import { useChange } from "../vm/use-change.ts";
import { WorkLine } from "../vm/work.tsx";
import type { VmTabProps } from "./vm.tsx";

const freshName = () => `before-${new Date().toISOString().slice(0, 16).replaceAll(/[T:]/g, "-")}`;

export function Take({ host, vm, reload }: VmTabProps) {
  const isRunning = vm.state === "running" || vm.state === "paused";
  /** libvirt keeps a running machine's disks with its memory or not at all; Hyper-V leaves the memory out only of one that runs. */
  const isChoice = vm.state === "running" && virtualOf(host)?.hypervisor === "hyperv";
  const [isOpen, setIsOpen] = useState(false);
  const [name, setName] = useState(freshName);
  const [description, setDescription] = useState("");
  const [withMemory, setWithMemory] = useState(true);
  const change = useChange(reload);
  const errorsAt = errorsIn(change.work);
  const take = async (event: Event) => {
    event.preventDefault();
    const memory = isRunning ? { memory: withMemory || !isChoice } : {};
    const done = await change.run("Taking the snapshot", {
      method: "POST",
      path: `${vmPath(host.name, vm.id)}/snapshots`,
      body: { name, ...(description === "" ? {} : { description }), ...memory },
    });
    if (!done) return;
    setName(freshName());
    setDescription("");
    setIsOpen(false);
  };
  if (!isOpen)
    return (
      <p>
        <button onClick={() => setIsOpen(true)}>Take a snapshot</button>
      </p>
    );
  return (
    <form class="form card" onSubmit={(event) => void take(event)} noValidate aria-label="New snapshot">
      <h2>New snapshot</h2>
      <TextField label="Name" isRequired isCode value={name} errors={errorsAt("/name")} onInput={setName} />
      <TextField label="What for" value={description} errors={errorsAt("/description")} onInput={setDescription} />
      {isRunning && !isChoice && <p class="hint">Its memory is kept, too: going back continues where it is now.</p>}
      {isChoice && (
        <CheckField
          label="With its memory"
          hint={
            withMemory
              ? "Going back continues where it is now"
              : "The guest stills its file systems first, and going back starts it anew; takes its integration services"
          }
          checked={withMemory}
          errors={errorsAt("/memory")}
          onCheck={setWithMemory}
        />
      )}
      <WorkLine change={change} />
      <div class="buttons">
        <button disabled={change.work?.isBusy ?? false}>Take it</button>
        <button type="button" class="plain" onClick={() => setIsOpen(false)}>
          Leave
        </button>
      </div>
    </form>
  );
}
