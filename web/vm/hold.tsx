// A button for what hurts: it acts when it was held for a second, by finger, mouse or key, and shows how far it is. Whoever can only
// press it (a screen reader) is asked instead.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Confirm } from "../parts/dialog.tsx";

export const HOLD_MS = 1_000;

interface HoldProps {
  /** What it does, as a verb. */
  readonly action: string;
  /** What is lost by it. */
  readonly warning: string;
  readonly onHeld: () => void;
  readonly isDisabled?: boolean;
}

const isKey = (event: KeyboardEvent) => event.key === " " || event.key === "Enter";

function useHold(onHeld: () => void) {
  const [part, setPart] = useState(0);
  const frame = useRef(0);
  const pressed = useRef(false);
  const stop = () => {
    cancelAnimationFrame(frame.current);
    frame.current = 0;
    setPart(0);
  };
  const start = () => {
    pressed.current = true;
    if (frame.current !== 0) return;
    const from = performance.now();
    const step = () => {
      const share = (performance.now() - from) / HOLD_MS;
      if (share >= 1) {
        stop();
        onHeld();
      } else {
        setPart(Math.max(share, 0.02));
        frame.current = requestAnimationFrame(step);
      }
    };
    frame.current = requestAnimationFrame(step);
  };
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  return { part, start, stop, pressed };
}

export function HoldButton({ action, warning, onHeld, isDisabled = false }: HoldProps) {
  const id = useId();
  const [isAsking, setIsAsking] = useState(false);
  const [isHinting, setIsHinting] = useState(false);
  const { part, start, stop, pressed } = useHold(() => {
    setIsHinting(false);
    onHeld();
  });
  const release = () => {
    if (part > 0) setIsHinting(true);
    stop();
  };
  const click = () => {
    // No pointer came before, and a key makes no click here: it was pressed by a program.
    if (!pressed.current) setIsAsking(true);
    pressed.current = false;
  };
  return (
    <>
      <button
        type="button"
        class={part > 0 ? "plain danger-text hold held" : "plain danger-text hold"}
        disabled={isDisabled}
        aria-describedby={id}
        onPointerDown={(event) => event.button === 0 && start()}
        onPointerUp={release}
        onPointerLeave={stop}
        onPointerCancel={stop}
        onContextMenu={(event) => event.preventDefault()}
        onKeyDown={(event) => {
          if (isKey(event)) event.preventDefault();
          if (isKey(event) && !event.repeat) start();
        }}
        onKeyUp={() => {
          release();
          pressed.current = false;
        }}
        onBlur={stop}
        onClick={click}
      >
        <span class="hold-fill" style={{ transform: `scaleX(${part})` }} aria-hidden="true" />
        <span class="hold-face">{action}</span>
        <span class="hold-face small soft">hold</span>
      </button>
      <span class={isHinting ? "hold-hint small" : "hidden-text"} id={id} role={isHinting ? "status" : undefined}>
        Hold for a second. {warning}
      </span>
      {isAsking && (
        <Confirm title={`${action}?`} action={action} onClose={() => setIsAsking(false)} onConfirm={() => (setIsAsking(false), onHeld())}>
          <p>{warning}</p>
        </Confirm>
      )}
    </>
  );
}
