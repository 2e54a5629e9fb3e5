// Keys and clipboard of a serial console: those of any terminal.
import { KeyBar } from "../terminal/key-bar.tsx";
import type { Modifiers } from "../terminal/keys.ts";
import { usePasting } from "../terminal/paste.tsx";
import type { SerialView } from "./serial-view.ts";

interface SerialBarProps {
  readonly held: Modifiers;
  readonly onHold: (held: Modifiers) => void;
  readonly view: () => SerialView | null;
}

export function SerialBar({ held, onHold, view }: SerialBarProps) {
  const pasting = usePasting((text) => view()?.paste(text));
  return (
    <>
      <KeyBar
        held={held}
        onHold={onHold}
        onPress={(key) => view()?.press(key)}
        onCopy={() => void view()?.copy()}
        onPaste={pasting.start}
      />
      {pasting.dialog}
    </>
  );
}
