// The terminals that somebody looks at or records: one control-mode client for each, from the first who comes to the last who goes.
import { ControlClient } from "./control-client.ts";
import { PaneView } from "./pane-view.ts";
import { target, type Pane } from "./sessions.ts";
import type { Tmux } from "./tmux.ts";

const ENDED = "The program ended.";
/** A pane in `window_layout`: width x height, place, place, pane. */
const LEAF = /(\d{1,5})x(\d{1,5}),\d{1,5},\d{1,5},(\d{1,9})/g;
/**
 * tmux 3.3a with libutempter can lose the SIGCHLD of a program that ends (tmux#311, tmux#4559): its pane is dead, yet the hook of its
 * end does not run until another child ends, and nobody hears of it. What we subscribe to tmux looks at once a second.
 */
const SUBSCRIBE = "refresh-client -B 'dead:%*:#{pane_dead}'";
const DEAD = /^dead \S+ \S+ \S+ %(\d{1,9}) : 1$/;

class Watch {
  readonly panes = new Map<number, PaneView>();
  readonly #terminal: string;
  readonly #client: ControlClient;
  readonly #ended: () => void;
  /** Panes of which tmux is being asked, or whose last screen is. */
  readonly #asked = new Set<number>();
  #isClosing = false;

  constructor(tmux: Tmux, terminal: string, ended: () => void) {
    this.#terminal = terminal;
    this.#ended = ended;
    this.#client = new ControlClient({
      // Its own size would else become that of the terminal.
      argv: tmux.argv("-C", "attach-session", "-f", "ignore-size", "-t", target(terminal)),
      env: tmux.environment,
      output: (pane, bytes) => this.panes.get(pane)?.output(bytes),
      notification: (name, rest) => this.#notified(name, rest),
      settled: () => {
        for (const view of this.panes.values()) view.settle();
      },
      ended: (reason) => this.#over(reason),
    });
    this.#client.ask({ line: SUBSCRIBE, answered: () => undefined });
  }

  view(pane: Pane): PaneView {
    const known = this.panes.get(pane.pane);
    if (known) return known;
    const view = new PaneView({
      terminal: this.#terminal,
      pane: pane.pane,
      title: pane.known.title,
      columns: pane.columns,
      rows: pane.rows,
      ask: (ask) => this.#client.ask(ask),
      idle: () => this.#idle(),
    });
    this.panes.set(pane.pane, view);
    return view;
  }

  close(reason: string): void {
    for (const view of this.panes.values()) view.close(reason);
    this.#idle();
  }

  #idle(): void {
    if (this.#isClosing || [...this.panes.values()].some((view) => !view.isIdle)) return;
    this.#isClosing = true;
    this.#ended();
    this.#client.close();
  }

  #over(reason: string): void {
    if (!this.#isClosing) this.#ended();
    this.#isClosing = true;
    const said = reason === "" ? ENDED : `The terminal is gone: ${reason}.`;
    for (const view of this.panes.values()) view.ended(said);
    this.panes.clear();
  }

  #notified(name: string, rest: string): void {
    if (name === "layout-change") this.#laidOut(rest);
    else if (name === "subscription-changed") {
      const [, pane] = DEAD.exec(rest) ?? [];
      if (pane !== undefined) this.#lookFor(Number(pane));
    } else if (name === "window-renamed") for (const pane of this.panes.keys()) this.#lookFor(pane);
    // It was moved to another session, by someone with a hand in our tmux: that is not the one that was asked for.
    else if (name === "session-changed" && rest.split(" ")[1] !== this.#terminal) this.#client.close();
  }

  #laidOut(layout: string): void {
    const sizes = new Map(
      [...layout.matchAll(LEAF)].map(([, columns, rows, pane]) => [Number(pane), [Number(columns), Number(rows)] as const]),
    );
    for (const [pane, view] of this.panes) {
      const size = sizes.get(pane);
      if (size) view.sized(...size);
      else this.#lookFor(pane);
    }
  }

  /** Is it there, and does its program run? tmux says nothing, and no error, of a pane that is gone. */
  #lookFor(pane: number): void {
    if (this.#asked.has(pane)) return;
    this.#asked.add(pane);
    this.#client.ask({
      line: `display-message -p -t %${pane} '#{pane_id},#{pane_dead}'`,
      answered: (answer) => {
        const said = "blocks" in answer ? Buffer.from(answer.blocks[0]?.[0] ?? []).toString("latin1") : "";
        const [id, dead] = said.split(",");
        const view = this.panes.get(pane);
        if (id === `%${pane}` && dead !== "1") this.#asked.delete(pane);
        else if (id === `%${pane}` && view) view.lastScreen(() => this.#paneGone(pane));
        else this.#paneGone(pane);
      },
    });
  }

  #paneGone(pane: number): void {
    this.#client.ask({ line: `kill-pane -t %${pane}`, answered: () => undefined });
    this.panes.get(pane)?.ended(ENDED);
    this.panes.delete(pane);
    this.#asked.delete(pane);
    this.#idle();
  }
}

export class Watches {
  readonly #tmux: Tmux;
  readonly #open = new Map<string, Watch>();

  constructor(tmux: Tmux) {
    this.#tmux = tmux;
  }

  /** The view of a pane that was found a moment ago. Whoever asks joins or records at once, else the client stays for nothing. */
  view(pane: Pane): PaneView {
    let watch = this.#open.get(pane.terminal);
    if (!watch) {
      const made: Watch = new Watch(this.#tmux, pane.terminal, () => {
        if (this.#open.get(pane.terminal) === made) this.#open.delete(pane.terminal);
      });
      watch = made;
      this.#open.set(pane.terminal, watch);
    }
    return watch.view(pane);
  }

  /** Null: nobody looks at it and nothing records. */
  peek(terminal: string, pane: number): PaneView | null {
    return this.#open.get(terminal)?.panes.get(pane) ?? null;
  }

  viewersOf(terminal: string): number {
    return [...(this.#open.get(terminal)?.panes.values() ?? [])].reduce((sum, view) => sum + view.viewers, 0);
  }

  get recordings(): number {
    return [...this.#open.values()].flatMap((watch) => [...watch.panes.values()]).filter(({ recording }) => recording).length;
  }

  close(reason: string): void {
    for (const watch of this.#open.values()) watch.close(reason);
  }
}

/** By socket: after relay.toml was read again, who looks goes on looking, and a recording can be stopped by the new driver. */
const shared = new Map<string, { readonly watches: Watches; users: number }>();

export function useWatches(tmux: Tmux): Watches {
  const known = shared.get(tmux.socket) ?? { watches: new Watches(tmux), users: 0 };
  known.users += 1;
  shared.set(tmux.socket, known);
  return known.watches;
}

/** The last user closes what is left: viewers are told to come again, recordings are made whole. */
export function releaseWatches(tmux: Tmux): void {
  const known = shared.get(tmux.socket);
  if (!known) return;
  known.users -= 1;
  if (known.users > 0) return;
  shared.delete(tmux.socket);
  known.watches.close("the relay stops");
}
