// Keys of a machine's screen that a phone lacks, the phone's own keyboard, the whole screen.
import { useRef, useState } from "preact/hooks";
import { KeyToolbar, StickyKeys } from "../terminal/key-toolbar.tsx";
import type { Modifiers } from "../terminal/keys.ts";
import { typedBetween, type ScreenKey } from "./screen-keys.ts";
import type { ScreenView } from "./screen-view.ts";

interface ScreenBarProps {
  readonly held: Modifiers;
  readonly onHold: (held: Modifiers) => void;
  readonly isOpen: boolean;
  readonly frame: () => HTMLElement | null;
  readonly view: () => ScreenView | null;
}

/** Something for Backspace to take back. */
const PAD = "\u00b7".repeat(60);
const FULL_CHARS = 400;

const KEYS: readonly (readonly [ScreenKey, string])[] = [
  ["Esc", "Esc"],
  ["Tab", "Tab"],
  ["Enter", "Enter"],
];
const MORE: readonly (readonly [ScreenKey, string])[] = [
  ["Left", "←"],
  ["Down", "↓"],
  ["Up", "↑"],
  ["Right", "→"],
  ["Delete", "Del"],
  ["Home", "Home"],
  ["End", "End"],
  ["PgUp", "PgUp"],
  ["PgDn", "PgDn"],
  ["F1", "F1"],
  ["F2", "F2"],
  ["F8", "F8"],
  ["F10", "F10"],
  ["F12", "F12"],
];
const NAMES: Partial<Record<ScreenKey, string>> = { Left: "Left", Down: "Down", Up: "Up", Right: "Right" };

/** A field out of sight that takes what a phone's keyboard types. */
function useTyping(view: () => ScreenView | null) {
  const field = useRef<HTMLTextAreaElement>(null);
  const before = useRef(PAD);
  const [isShown, setIsShown] = useState(false);
  const reset = () => {
    before.current = PAD;
    if (field.current) field.current.value = PAD;
  };
  const input = () => {
    const after = field.current?.value ?? "";
    const { backspaces, text } = typedBetween(before.current, after);
    for (let i = 0; i < backspaces; i++) view()?.press("Backspace");
    view()?.type(text);
    before.current = after;
    if (after.length > FULL_CHARS || after.length < PAD.length / 2) reset();
  };
  const toggle = () => {
    if (isShown) field.current?.blur();
    else {
      reset();
      field.current?.focus();
      field.current?.setSelectionRange(PAD.length, PAD.length);
    }
  };
  return { field, isShown, setIsShown, input, toggle };
}

function toggleFull(frame: HTMLElement | null): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else frame?.requestFullscreen().catch(() => {});
}

export function ScreenBar({ held, onHold, isOpen, frame, view }: ScreenBarProps) {
  const typing = useTyping(view);
  const [isLarge, setIsLarge] = useState(false);
  const enlarge = () => {
    view()?.fit(isLarge);
    setIsLarge(!isLarge);
  };
  const key = ([name, face]: readonly [ScreenKey, string]) => (
    <button key={name} type="button" disabled={!isOpen} aria-label={NAMES[name]} onClick={() => view()?.press(name)}>
      {face}
    </button>
  );
  return (
    <>
      <textarea
        ref={typing.field}
        class="off-screen"
        aria-label="What is typed here goes to the machine"
        tabIndex={-1}
        autocapitalize="none"
        autocomplete="off"
        spellcheck={false}
        onInput={typing.input}
        onFocus={() => typing.setIsShown(true)}
        onBlur={() => typing.setIsShown(false)}
      />
      <KeyToolbar>
        <button type="button" disabled={!isOpen} aria-pressed={typing.isShown} onClick={typing.toggle}>
          Keyboard
        </button>
        {KEYS.map(key)}
        <StickyKeys held={held} onHold={onHold} isDisabled={!isOpen} />
        <button type="button" disabled={!isOpen} onClick={() => view()?.sendCtrlAltDel()}>
          Ctrl-Alt-Del
        </button>
        <button type="button" disabled={!isOpen} aria-pressed={isLarge} onClick={enlarge}>
          Enlarge
        </button>
        {document.fullscreenEnabled && (
          <button type="button" onClick={() => toggleFull(frame())}>
            Full screen
          </button>
        )}
        {MORE.map(key)}
      </KeyToolbar>
    </>
  );
}
