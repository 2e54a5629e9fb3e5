// A machine's console: its serial port as a terminal, or its screen; keys for phones; what happened when it is over.
import { useRef, useState } from "preact/hooks";
import type { ScreenProps } from "../app.tsx";
import { get } from "../api/client.ts";
import { useResource } from "../api/resource.ts";
import { useHost } from "../api/lookups.ts";
import { Screen } from "../parts/screen.tsx";
import { Empty, Loading, Prose } from "../parts/states.tsx";
import { pathTo } from "../routes.ts";
import type { ConsoleKind } from "./console-socket.ts";
import { hasPlaceFor, HYPERVISORS, vmPath, type Vm } from "./contract.ts";
import { ScreenBar } from "./screen-bar.tsx";
import type { ScreenView } from "./screen-view.ts";
import { SerialBar } from "./serial-bar.tsx";
import type { SerialView } from "./serial-view.ts";
import { useConsole, type ConsoleState } from "./use-console.ts";

const NONE = { ctrl: false, alt: false };

const TITLES: Record<ConsoleState["phase"], string> = {
  connecting: "",
  open: "",
  broken: "",
  "in-use": "Somebody else has this console.",
  refused: "There is no console now.",
  ended: "The console has ended.",
};

interface OverProps {
  readonly state: ConsoleState;
  readonly up: string;
  readonly onAgain: (takeOver: boolean) => void;
}

function Over({ state, up, onAgain }: OverProps) {
  return (
    <div class="terminal-over" role="alert">
      <p class="state-title">{TITLES[state.phase]}</p>
      <p>
        <Prose text={state.detail} />
      </p>
      <div class="buttons">
        {state.phase === "in-use" && <button onClick={() => onAgain(true)}>Take over</button>}
        <button class={state.phase === "in-use" ? "plain" : ""} onClick={() => onAgain(false)}>
          {state.phase === "ended" ? "Reconnect" : "Try again"}
        </button>
        <a class="button plain" href={up}>
          To the machine
        </a>
      </div>
    </div>
  );
}

interface LiveProps {
  readonly host: string;
  readonly vm: string;
  readonly kind: ConsoleKind;
}

function Live({ host, vm, kind }: LiveProps) {
  const [ask, setAsk] = useState({ turn: 0, takeOver: false });
  const [held, setHeld] = useState(NONE);
  const frame = useRef<HTMLDivElement>(null);
  const { box, view, state } = useConsole({ host, vm, kind, ...ask, released: () => setHeld(NONE) });
  const machine = useResource(`vm ${host} ${vm}`, (signal) => get<Vm>(vmPath(host, vm), signal));
  const hold = (next: typeof NONE) => {
    setHeld(next);
    view.current?.hold(next);
  };
  const isOver = state.phase === "in-use" || state.phase === "refused" || state.phase === "ended";
  const onAgain = (takeOver: boolean) => setAsk(({ turn }) => ({ turn: turn + 1, takeOver }));
  const up = pathTo("vm", { host, vm });
  const other: ConsoleKind = kind === "serial" ? "screen" : "serial";
  const aside = (
    <>
      <span role="status" class="small">
        {state.phase === "connecting" && "Connecting…"}
        {state.phase === "broken" && "Connection lost"}
      </span>
      {state.phase === "broken" && (
        <button class="plain" onClick={() => onAgain(false)}>
          Reconnect
        </button>
      )}
      <a class="button plain" href={pathTo("vmConsole", { host, vm, console: other })}>
        {other === "serial" ? "Serial" : "Screen"}
      </a>
    </>
  );
  const bar = { held, onHold: hold, isOpen: state.phase === "open" };
  return (
    <Screen title={machine.data?.name ?? "Console"} up={[up, "the machine"]} aside={aside} isFull>
      <div class="terminal-frame" ref={frame}>
        <div
          class={`terminal-box${kind === "screen" ? " screen-box" : ""}${isOver ? " over" : ""}`}
          ref={box}
          aria-busy={state.phase === "connecting" || state.phase === "broken"}
        />
        {isOver && <Over state={state} up={up} onAgain={onAgain} />}
        {!isOver && kind === "serial" && <SerialBar {...bar} view={() => view.current as SerialView | null} />}
        {!isOver && kind === "screen" && <ScreenBar {...bar} frame={() => frame.current} view={() => view.current as ScreenView | null} />}
      </div>
    </Screen>
  );
}

export function VmConsole({ params }: ScreenProps) {
  const { host = "", vm = "", console: kind } = params;
  const known = useHost(host);
  const up: [string, string] = [pathTo("vm", { host, vm }), "the machine"];
  if (known.data && !hasPlaceFor(known.data, "vm.console"))
    return (
      <Screen title="Console" up={up}>
        <Empty title={`${HYPERVISORS[known.data.capabilities!.virtual!.hypervisor]} opens no consoles here`}>
          <p>The machine's own page shows its screen as a picture, and types and presses keys.</p>
          <a class="button" href={up[0]}>
            To the machine
          </a>
        </Empty>
      </Screen>
    );
  if (kind !== "serial" && kind !== "screen")
    return (
      <Screen title="Console" up={up}>
        <Empty title="A machine has a serial console and a screen." />
      </Screen>
    );
  // Without an answer about the host, the console's own says what is wrong.
  if (known.data === null && known.error === null)
    return (
      <Screen title="Console" up={up}>
        <Loading />
      </Screen>
    );
  return <Live host={host} vm={vm} kind={kind} />;
}
