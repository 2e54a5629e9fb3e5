// Keys for a machine whose hypervisor has no console here: each press and each line is one change, and the picture is taken again
// after it.
import { useState } from "preact/hooks";
import type { Host } from "../../protocol/api/shapes.ts";
import { TextField } from "../forms/field.tsx";
import { vmPath, type Vm } from "./contract.ts";
import { errorsIn } from "./field-errors.ts";
import { useChange } from "./use-change.ts";
import { WorkLine } from "./work.tsx";

/** By face: keys that are held together, as vm.send-keys names them. */
const CHORDS = [
  ["Ctrl-Alt-Del", "ctrl", "alt", "delete"],
  ["Enter", "enter"],
  ["Esc", "escape"],
  ["Tab", "tab"],
  ["←", "left"],
  ["↓", "down"],
  ["↑", "up"],
  ["→", "right"],
] as const;
const NAMES: Readonly<Record<string, string>> = { left: "Left", down: "Down", up: "Up", right: "Right" };

interface KeysProps {
  readonly host: Host;
  readonly vm: Vm;
  /** They were pressed: what the screen shows may be new. */
  readonly onPressed: () => void;
}

export function Keys({ host, vm, onPressed }: KeysProps) {
  const [text, setText] = useState("");
  const change = useChange();
  const isBusy = change.work?.isBusy ?? false;
  const send = async (what: string, body: object) => {
    const done = await change.run(what, { method: "POST", path: `${vmPath(host.name, vm.id)}/send-keys`, body });
    if (done) onPressed();
    return done !== null;
  };
  const type = async (event: Event) => {
    event.preventDefault();
    if (text !== "" && (await send("Typing", { text }))) setText("");
  };
  return (
    <>
      <div class="keys" role="group" aria-label="Keys">
        {CHORDS.map(([face, ...chord]) => (
          <button
            key={face}
            type="button"
            class="plain"
            disabled={isBusy}
            aria-label={NAMES[chord[0]]}
            onClick={() => void send(`Pressing ${NAMES[chord[0]] ?? face}`, { chords: [chord] })}
          >
            {face}
          </button>
        ))}
      </div>
      <form class="keys-text" onSubmit={(event) => void type(event)} noValidate>
        <TextField
          label="Text"
          hint="Typed as on a US keyboard; Enter is a key of its own"
          isCode
          value={text}
          errors={errorsIn(change.work)("/text")}
          onInput={setText}
        />
        <button class="plain" disabled={isBusy || text === ""}>
          Type it
        </button>
      </form>
      <WorkLine change={change} />
    </>
  );
}
