// A console as it stands on a screen: loaded, connected, broken and connected again, ended.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiProblem, isAbort } from "../api/client.ts";
import { connection } from "../api/connection.ts";
import { openConsole, SocketRefused, type ConsoleKind } from "./console-socket.ts";
import type { ConsoleEvents } from "./console-view.ts";
import type { ScreenView } from "./screen-view.ts";
import type { SerialView } from "./serial-view.ts";

export type ConsoleView = SerialView | ScreenView;
export type ConsolePhase = "connecting" | "open" | "broken" | "in-use" | "refused" | "ended";

export interface ConsoleState {
  readonly phase: ConsolePhase;
  readonly detail: string;
}

/** Each brings a library of its own. */
const VIEWS = {
  serial: async (box: HTMLElement, events: ConsoleEvents) => new (await import("./serial-view.ts")).SerialView(box, events),
  screen: async (box: HTMLElement, events: ConsoleEvents) => new (await import("./screen-view.ts")).ScreenView(box, events),
} as const;

const RETRY_MAX_MS = 5_000;
/** So often a socket may be refused before it was ever open, while the host says that it could be. */
const REFUSALS = 4;

interface Wanted {
  readonly host: string;
  readonly vm: string;
  readonly kind: ConsoleKind;
  /** Grows when somebody asks for it anew. */
  readonly turn: number;
  readonly takeOver: boolean;
  readonly released: () => void;
}

const why = (error: ApiProblem) => [error.message, error.remedy].filter(Boolean).join(" ");

export function useConsole({ host, vm, kind, turn, takeOver, released }: Wanted) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<ConsoleView | null>(null);
  const [state, setState] = useState<ConsoleState>({ phase: "connecting", detail: "" });
  const latest = useRef(released);
  latest.current = released;
  useEffect(() => {
    const stop = new AbortController();
    let failures = 0;
    let refusals = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    let isTaking = takeOver;
    const tell = (phase: ConsolePhase, detail = "") => stop.signal.aborted || setState({ phase, detail });
    const end = (phase: ConsolePhase, detail: string) => {
      isOver = true;
      clearTimeout(timer);
      tell(phase, detail);
    };
    const again = (detail: string) => {
      if (isOver || stop.signal.aborted) return;
      tell("broken", detail);
      clearTimeout(timer);
      timer = setTimeout(() => void connect(), Math.random() * Math.min(RETRY_MAX_MS, 400 * 2 ** failures++) + 200);
    };
    const events: ConsoleEvents = {
      ready: () => {
        failures = 0;
        refusals = 0;
        // Once it is ours, nobody else is to be put out by a mere repeat.
        isTaking = false;
        tell("open");
      },
      ended: (reason) => end("ended", reason),
      closed: (reason) => again(reason),
      released: () => latest.current(),
    };
    const connect = async () => {
      try {
        view.current ??= await VIEWS[kind](box.current!, events);
        const socket = await openConsole({ host, vm, console: kind, takeOver: isTaking }, stop.signal);
        if (stop.signal.aborted) return socket.close();
        view.current.attach(socket);
        view.current.focus();
      } catch (error) {
        if (stop.signal.aborted || isAbort(error)) return;
        if (error instanceof SocketRefused && ++refusals >= REFUSALS)
          end("refused", "The host did not open it, and does not say why. `farhand doctor` there says what is missing.");
        else if (!(error instanceof ApiProblem)) again((error as Error).message);
        else if (error.code === "CONSOLE_IN_USE") end("in-use", "Taking it over ends their session.");
        else if (error.status >= 500 || error.status === 429) again(error.message);
        else end("refused", why(error));
      }
    };
    tell("connecting");
    void connect();
    const unwatch = connection.watch((now) => now === "up" && timer !== undefined && !isOver && (clearTimeout(timer), void connect()));
    return () => {
      stop.abort();
      clearTimeout(timer);
      unwatch();
      view.current?.close();
      view.current = null;
    };
  }, [host, vm, kind, turn, takeOver]);
  return { box, view, state };
}
