// Asks before something that cannot be undone. The browser's own dialog keeps focus and Escape.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface DialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly onClose: () => void;
}

export function Dialog({ title, children, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

interface ConfirmProps extends DialogProps {
  /** What the button does, as a verb. */
  readonly action: string;
  readonly onConfirm: () => void;
  /** What the safe way out does. */
  readonly otherwise?: string;
}

export function Confirm({ title, children, action, onClose, onConfirm, otherwise = "Keep" }: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <div class="buttons">
        <button class="danger" onClick={onConfirm}>
          {action}
        </button>
        {/* The safe way out has the focus. */}
        <button class="plain" autoFocus onClick={onClose}>
          {otherwise}
        </button>
      </div>
    </Dialog>
  );
}
