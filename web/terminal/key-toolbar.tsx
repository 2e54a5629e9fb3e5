// The row of keys below a terminal or a screen, and the keys in it that stay held until the next one.
import type { ComponentChildren } from "preact";
import type { Modifiers } from "./keys.ts";

/** A key must not take the focus from what is typed into: the phone's keyboard would close. */
export const KeyToolbar = ({ children }: { readonly children: ComponentChildren }) => (
  <div
    class="key-bar"
    role="toolbar"
    aria-label="Keys"
    onPointerDown={(event) => event.preventDefault()}
    onMouseDown={(event) => event.preventDefault()}
  >
    {children}
  </div>
);

interface StickyKeysProps {
  readonly held: Modifiers;
  readonly onHold: (held: Modifiers) => void;
  readonly isDisabled?: boolean;
}

export const StickyKeys = ({ held, onHold, isDisabled = false }: StickyKeysProps) => (
  <>
    <button type="button" disabled={isDisabled} aria-pressed={held.ctrl} onClick={() => onHold({ ...held, ctrl: !held.ctrl })}>
      Ctrl
    </button>
    <button type="button" disabled={isDisabled} aria-pressed={held.alt} onClick={() => onHold({ ...held, alt: !held.alt })}>
      Alt
    </button>
  </>
);
