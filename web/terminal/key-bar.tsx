// Keys that a phone's keyboard lacks. Ctrl and Alt hold until the next key.
import { Icon } from "../parts/icon.tsx";
import type { KeyName, Modifiers } from "./keys.ts";

interface KeyBarProps {
  readonly held: Modifiers;
  readonly onHold: (held: Modifiers) => void;
  readonly onPress: (key: KeyName) => void;
  readonly onCopy: () => void;
  readonly onPaste: () => void;
}

const KEYS: readonly (readonly [KeyName, string])[] = [
  ["Left", "←"],
  ["Down", "↓"],
  ["Up", "↑"],
  ["Right", "→"],
  ["Home", "Home"],
  ["End", "End"],
  ["PgUp", "PgUp"],
  ["PgDn", "PgDn"],
];
const NAMES: Partial<Record<KeyName, string>> = { Left: "Left", Down: "Down", Up: "Up", Right: "Right" };

export function KeyBar({ held, onHold, onPress, onCopy, onPaste }: KeyBarProps) {
  const key = (name: KeyName, face: string) => (
    <button key={name} type="button" onClick={() => onPress(name)} aria-label={NAMES[name]}>
      {face}
    </button>
  );
  return (
    // A key must not take the focus from the terminal: the phone's keyboard would close.
    <div
      class="key-bar"
      role="toolbar"
      aria-label="Keys"
      onPointerDown={(event) => event.preventDefault()}
      onMouseDown={(event) => event.preventDefault()}
    >
      {key("Esc", "Esc")}
      {key("Tab", "Tab")}
      <button type="button" aria-pressed={held.ctrl} onClick={() => onHold({ ...held, ctrl: !held.ctrl })}>
        Ctrl
      </button>
      <button type="button" aria-pressed={held.alt} onClick={() => onHold({ ...held, alt: !held.alt })}>
        Alt
      </button>
      {KEYS.slice(0, 4).map(([name, face]) => key(name, face))}
      <button type="button" onClick={onCopy}>
        <Icon name="copy" /> Copy
      </button>
      <button type="button" onClick={onPaste}>
        Paste
      </button>
      {KEYS.slice(4).map(([name, face]) => key(name, face))}
    </div>
  );
}
