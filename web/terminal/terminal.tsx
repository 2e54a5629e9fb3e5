// An interactive terminal: full screen, who writes, keys for phones, and what happened when it is over.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ScreenProps } from "../app.tsx";
import { useHost } from "../api/lookups.ts";
import { mayUseOn, useMe } from "../api/session.ts";
import { Badge } from "../parts/badge.tsx";
import { Screen } from "../parts/screen.tsx";
import { Empty, Loaded, Prose } from "../parts/states.tsx";
import { pathTo } from "../routes.ts";
import { KeyBar } from "./key-bar.tsx";
import type { Modifiers } from "./keys.ts";
import type { LinkPhase, TerminalState } from "./link.ts";
import { usePasting } from "./paste.tsx";
import { TerminalView } from "./view.ts";

const NONE: Modifiers = { ctrl: false, alt: false };
const SAID_MS = 2_000;

interface Shown {
  readonly phase: LinkPhase;
  readonly detail: string;
  readonly state: TerminalState | null;
}

interface LiveProps {
  readonly host: string;
  readonly terminal: string | null;
  readonly canWrite: boolean;
}

/** A new terminal has an address once it has a name: a reload then finds it again. */
function keepAddress(host: string, terminal: string): void {
  history.replaceState(null, "", pathTo("terminal", { host, terminal }));
}

function useView({ host, terminal, canWrite }: LiveProps, turn: number) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<TerminalView | null>(null);
  const [shown, setShown] = useState<Shown>({ phase: "connecting", detail: "", state: null });
  const [held, setHeld] = useState(NONE);
  useEffect(() => {
    const made = new TerminalView({
      box: box.current!,
      host,
      terminal,
      mode: canWrite ? "write" : "read",
      phase: (phase, detail) => setShown((before) => ({ ...before, phase, detail })),
      state: (state) => {
        if (terminal === null) keepAddress(host, state.terminal);
        setShown((before) => ({ ...before, state }));
      },
      released: () => setHeld(NONE),
    });
    view.current = made;
    made.focus();
    return () => made.close();
  }, [host, terminal, canWrite, turn]);
  const hold = (next: Modifiers) => {
    setHeld(next);
    view.current?.hold(next);
  };
  return { box, view, shown, held, hold };
}

function Over({ shown, host, onAgain }: { readonly shown: Shown; readonly host: string; readonly onAgain: () => void }) {
  return (
    <div class="terminal-over" role="alert">
      <p class="state-title">{shown.phase === "ended" ? "The terminal has ended." : "There is no terminal."}</p>
      <p>
        <Prose text={shown.detail} />
      </p>
      <div class="buttons">
        {shown.phase === "refused" && <button onClick={onAgain}>Try again</button>}
        <a class="button plain" href={pathTo("hostTerminals", { host })}>
          Terminals of {host}
        </a>
      </div>
    </div>
  );
}

interface StatusProps {
  readonly shown: Shown;
  readonly said: string;
  readonly canWrite: boolean;
  readonly onTake: () => void;
  readonly onRetry: () => void;
}

/** Stands in the header, whose height is fixed: what is said must not change the terminal's size. */
function Status({ shown: { phase, state }, said, canWrite, onTake, onRetry }: StatusProps) {
  const isReader = phase === "open" && state !== null && !state.writer;
  return (
    <>
      <span role="status" class="small">
        {phase === "connecting" && "Connecting…"}
        {phase === "broken" && "Connection lost"}
        {said}
      </span>
      {phase === "open" && state && state.viewers > 1 && <span class="soft small">{state.viewers} watching</span>}
      {isReader && <Badge tone="warn">read only</Badge>}
      {isReader && canWrite && (
        <button class="plain" onClick={onTake}>
          Take over
        </button>
      )}
      {phase === "broken" && (
        <button class="plain" onClick={onRetry}>
          Try now
        </button>
      )}
    </>
  );
}

function Live(props: LiveProps) {
  const [turn, setTurn] = useState(0);
  const { box, view, shown, held, hold } = useView(props, turn);
  const pasting = usePasting((text) => view.current?.paste(text));
  const [said, setSaid] = useState("");
  const isOver = shown.phase === "ended" || shown.phase === "refused";
  const copy = async () => {
    setSaid((await view.current?.copy()) ? "Copied" : "Not copied");
    setTimeout(() => setSaid(""), SAID_MS);
  };
  const status = (
    <Status shown={shown} said={said} canWrite={props.canWrite} onTake={() => view.current?.take()} onRetry={() => view.current?.retry()} />
  );
  return (
    <Framed host={props.host} aside={status}>
      <div class="terminal-frame">
        <div class={isOver ? "terminal-box over" : "terminal-box"} ref={box} />
        {isOver && <Over shown={shown} host={props.host} onAgain={() => setTurn(turn + 1)} />}
        {!isOver && (
          <KeyBar
            held={held}
            onHold={hold}
            onPress={(key) => view.current?.press(key)}
            onCopy={() => void copy()}
            onPaste={pasting.start}
          />
        )}
        {pasting.dialog}
      </div>
    </Framed>
  );
}

function Framed({
  host,
  aside,
  children,
}: {
  readonly host: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <Screen title={host} up={[pathTo("hostTerminals", { host }), `terminals of ${host}`]} aside={aside} isFull>
      {children}
    </Screen>
  );
}

export function TerminalScreen({ params }: ScreenProps) {
  const me = useMe();
  const name = params["host"] ?? "";
  const host = useHost(name);
  const terminal = params["terminal"] === "new" ? null : (params["terminal"] ?? null);
  if (host.data === null)
    return (
      <Framed host={name}>
        <Loaded of={host}>{() => null}</Loaded>
      </Framed>
    );
  const canWrite = mayUseOn(me, host.data, "terminal.open");
  const canWatch = mayUseOn(me, host.data, "terminal.watch");
  const why = canWatch
    ? terminal === null && !canWrite
      ? "You may watch terminals here, not open one."
      : null
    : "Your grants do not cover terminals of this host.";
  if (why !== null)
    return (
      <Framed host={name}>
        <Empty title={why} />
      </Framed>
    );
  return <Live host={host.data.name} terminal={terminal} canWrite={canWrite} />;
}
