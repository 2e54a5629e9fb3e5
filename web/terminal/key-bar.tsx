// Keys that a phone's keyboard lacks. Ctrl and Alt hold until the next key.
import { Icon } from "../parts/icon.tsx";
import { KeyToolbar, StickyKeys } from "./key-toolbar.tsx";
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
    <KeyToolbar>
      {key("Esc", "Esc")}
      {key("Tab", "Tab")}
      <StickyKeys held={held} onHold={onHold} />
      {KEYS.slice(0, 4).map(([name, face]) => key(name, face))}
      <button type="button" onClick={onCopy}>
        <Icon name="copy" /> Copy
      </button>
      <button type="button" onClick={onPaste}>
        Paste
      </button>
      {KEYS.slice(4).map(([name, face]) => key(name, face))}
    </KeyToolbar>
  );
}
