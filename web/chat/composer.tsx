// Where one types: grows with the text; Enter sends where there is a keyboard, and is a new line on a phone.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../parts/icon.tsx";

interface ComposerProps {
  readonly isRunning: boolean;
  /** Why nothing can be sent, or null. */
  readonly obstacle: string | null;
  readonly onSend: (text: string) => void;
  readonly onStop: () => void;
}

const MAX_PX = 200;
const hasKeyboard = () => matchMedia("(hover: hover) and (pointer: fine)").matches;

export function Composer({ isRunning, obstacle, onSend, onStop }: ComposerProps) {
  const [text, setText] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const node = area.current;
    if (!node) return;
    node.style.height = "auto";
    node.style.height = `${Math.min(MAX_PX, node.scrollHeight + 2)}px`;
  }, [text]);
  useEffect(() => {
    if (hasKeyboard()) area.current?.focus({ preventScroll: true });
  }, []);
  const send = () => {
    if (text.trim() === "" || obstacle !== null || isRunning) return;
    onSend(text.trim());
    setText("");
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !hasKeyboard()) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={area}
        rows={1}
        value={text}
        aria-label="Message"
        placeholder={obstacle ?? "Message"}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={pressed}
      />
      {isRunning ? (
        <button type="button" class="round" onClick={onStop} aria-label="Stop">
          <Icon name="stop" />
        </button>
      ) : (
        <button class="round" aria-label="Send" disabled={text.trim() === "" || obstacle !== null}>
          <Icon name="send" />
        </button>
      )}
    </form>
  );
}
