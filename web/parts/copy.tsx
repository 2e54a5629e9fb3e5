// A button that copies, and says that it did. Works on plain http too, where the browser has no clipboard interface.
import { useState } from "preact/hooks";
import { Icon } from "./icon.tsx";

const SAID_MS = 2_000;

function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("readonly", "");
  area.className = "off-screen";
  // Inside an open dialog nothing outside it can be selected.
  const within = document.querySelector("dialog[open]") ?? document.body;
  const before = document.activeElement;
  within.append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return isDone;
}

export async function copyText(text: string): Promise<boolean> {
  try {
    if (isSecureContext) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Not allowed, or not focused: the old way may still work.
  }
  return copyBySelection(text);
}

/** `what`: what is copied, for the button's name. */
export function CopyButton({ text, what, isSmall = false }: { readonly text: string; readonly what: string; readonly isSmall?: boolean }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    setSaid((await copyText(text)) ? "Copied" : "Select it and copy");
    setTimeout(() => setSaid(""), SAID_MS);
  };
  return (
    <button type="button" class={isSmall ? "plain copy small-copy" : "plain copy"} onClick={() => void copy()} aria-label={`Copy ${what}`}>
      <Icon name="copy" />
      <span role="status">{said || "Copy"}</span>
    </button>
  );
}

/** Something to be taken away whole: a secret, a code, a command. */
export function Copyable({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <div class="copyable">
      <code tabIndex={0} aria-label={what}>
        {text}
      </code>
      <CopyButton text={text} what={what} />
    </div>
  );
}
