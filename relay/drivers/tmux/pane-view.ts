// A pane that somebody looks at or records: gives its output to all of them, decides who writes, and has the screen drawn anew for
// those who need it. One question to tmux at a time for that, however many wait.
import { LIMITS } from "../../../protocol/limits.ts";
import type { Answer, Ask } from "./control-client.ts";
import { QueryFilter } from "./query-filter.ts";
import type { Recording } from "./recording.ts";
import { drawScreen, FACTS_FORMAT, factsOf, lineCount, type Facts } from "./screen.ts";
import { target } from "./sessions.ts";
import type { Looked, StateMessage, Viewer } from "./viewer.ts";

/** Lines above the screen that a viewer gets at first. */
const HISTORY_LINES = 1_000;
/** The first screen with its history; half a window, so that output goes on beside it. */
const SCREEN_BYTES = LIMITS.windowBytes / 2;
/** Bytes of one send-keys: each becomes an argument, and tmux's parser takes some thousands. */
const KEYS_BYTES = 1_024;

const HEX = Array.from({ length: 256 }, (_, byte) => ` ${byte.toString(16).padStart(2, "0")}`);
const decoder = new TextDecoder();

export interface PaneViewOptions {
  readonly terminal: string;
  readonly pane: number;
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
  readonly ask: (ask: Ask) => void;
  /** Nobody looks and nothing records any more. */
  readonly idle: () => void;
}

export class PaneView implements Looked {
  readonly #options: PaneViewOptions;
  readonly #viewers = new Set<Viewer>();
  readonly #filter = new QueryFilter();
  /** Shown while a program had the whole screen: what lies behind it they have not. */
  readonly #withoutNormal = new Set<Viewer>();
  #columns: number;
  #rows: number;
  #writer: Viewer | null = null;
  #recording: Recording | null = null;
  #pending: Uint8Array[] = [];
  #wanting = new Set<Viewer>();
  #drawing: ReadonlySet<Viewer> | null = null;
  #isPaused = false;

  constructor(options: PaneViewOptions) {
    this.#options = options;
    this.#columns = options.columns;
    this.#rows = options.rows;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  get recording(): Recording | null {
    return this.#recording;
  }

  get isIdle(): boolean {
    return this.#viewers.size === 0 && this.#recording === null;
  }

  // ---- from tmux ----

  /** Kept until {@link settle}, so that what comes at once goes at once. */
  output(bytes: Uint8Array): void {
    if (!this.#isPaused) this.#pending.push(bytes);
  }

  settle(): void {
    if (this.#pending.length === 0) return;
    const bytes = this.#filter.push(this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending));
    this.#pending = [];
    if (bytes.length === 0) return;
    this.#recording?.output(bytes);
    for (const viewer of this.#viewers) viewer.output(bytes);
    if (this.#filter.leftAlternate) this.#showNormal();
    this.#pauseWhenUnseen();
  }

  sized(columns: number, rows: number, shown: ReadonlySet<Viewer> | null = null): void {
    if (columns === this.#columns && rows === this.#rows) return;
    [this.#columns, this.#rows] = [columns, rows];
    this.#recording?.resized(columns, rows);
    for (const viewer of this.#viewers) if (viewer.phase === "live" && !shown?.has(viewer)) this.#want(viewer);
  }

  /** Its program has ended: what stands there now is the last that it wrote. */
  lastScreen(shown: () => void): void {
    const drawn = (facts: Facts, lines: readonly Uint8Array[]) => {
      const bytes = drawScreen(facts, lines, false, SCREEN_BYTES);
      this.#recording?.output(bytes);
      for (const viewer of this.#viewers) if (viewer.phase === "live") viewer.screen(this.#stateFor(viewer, true), bytes);
      shown();
    };
    this.#options.ask(this.#screenAsk(0, drawn, shown));
  }

  /** The pane is gone, and with it everyone's reason to look. */
  ended(reason: string): void {
    this.settle();
    for (const viewer of this.#viewers) viewer.ended(reason);
    this.#viewers.clear();
    void this.#recording?.stop();
    this.#recording = null;
  }

  /** We go, the pane stays. */
  close(reason: string): void {
    for (const viewer of this.#viewers) viewer.close(1001, reason);
    void this.#recording?.stop();
    this.#recording = null;
  }

  // ---- viewers ----

  join(viewer: Viewer): void {
    this.#viewers.add(viewer);
    if (viewer.mayWrite && this.#writer === null) {
      this.#writer = viewer;
      this.#applySize(viewer);
    }
    this.#want(viewer);
  }

  typed(viewer: Viewer, bytes: Uint8Array, taken: () => void): void {
    if (this.#writer === null) this.take(viewer);
    if (this.#writer !== viewer) return taken();
    for (let at = 0; at < bytes.length; at += KEYS_BYTES) {
      let line = `send-keys -t %${this.#options.pane} -H`;
      for (const byte of bytes.subarray(at, at + KEYS_BYTES)) line += HEX[byte]!;
      const isLast = at + KEYS_BYTES >= bytes.length;
      this.#options.ask({ line, answered: () => isLast && taken() });
    }
  }

  resized(viewer: Viewer): void {
    if (viewer === this.#writer) this.#applySize(viewer);
  }

  take(viewer: Viewer): void {
    if (!viewer.mayWrite || this.#writer === viewer) return;
    this.#writer = viewer;
    this.#tellAll();
    this.#applySize(viewer);
  }

  caughtUp(viewer: Viewer): void {
    if (!this.#drawing?.has(viewer)) this.#want(viewer);
  }

  left(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer)) return;
    this.#wanting.delete(viewer);
    this.#withoutNormal.delete(viewer);
    if (this.#writer === viewer) this.#writer = null;
    this.#tellAll();
    if (this.isIdle) this.#options.idle();
  }

  #applySize({ columns, rows }: Viewer): void {
    if (columns === this.#columns && rows === this.#rows) return;
    this.#options.ask({ line: `resize-window -t ${target(this.#options.terminal)} -x ${columns} -y ${rows}`, answered: () => undefined });
  }

  #stateFor(viewer: Viewer, reset: boolean): StateMessage {
    const { terminal, title } = this.#options;
    const [columns, rows, viewers] = [this.#columns, this.#rows, this.#viewers.size];
    return { type: "state", terminal, title, columns, rows, writer: viewer === this.#writer, viewers, reset };
  }

  #tellAll(except: Viewer | null = null): void {
    for (const viewer of this.#viewers) if (viewer !== except) viewer.state(this.#stateFor(viewer, false));
  }

  // ---- recording ----

  /** The screen as it is comes first, when tmux has told it. */
  record(recording: Recording): void {
    this.#recording = recording;
    this.#resume();
    this.#options.ask(
      this.#screenAsk(0, (facts, lines) => recording.output(drawScreen(facts, lines, this.#filter.bracketedPaste, SCREEN_BYTES))),
    );
  }

  async stopRecording(): Promise<Recording | null> {
    const recording = this.#recording;
    this.#recording = null;
    await recording?.stop();
    if (recording && this.isIdle) this.#options.idle();
    return recording;
  }

  // ---- the screen ----

  #screenAsk(history: number, drawn: (facts: Facts, lines: readonly Uint8Array[]) => void, refused?: (reason: string) => void): Ask {
    const pane = `-t %${this.#options.pane}`;
    const facts = (blocks: readonly (readonly Uint8Array[])[]) => factsOf(decoder.decode(blocks[0]?.[0]));
    return {
      line: `display-message -p ${pane} '${FACTS_FORMAT}' ; capture-pane -p -e -N ${pane}${history > 0 ? ` -S -${history}` : ""}`,
      commands: 2,
      wanted(done) {
        const known = done.length === 1 ? facts(done) : null;
        return known && lineCount(known, history);
      },
      answered: (answer: Answer) => {
        this.settle();
        const known = "blocks" in answer ? facts(answer.blocks) : null;
        if (known && "blocks" in answer) drawn(known, answer.blocks[1] ?? []);
        else refused?.("refused" in answer ? answer.refused : "tmux answered something else.");
      },
    };
  }

  #want(viewer: Viewer): void {
    this.#wanting.add(viewer);
    if (!this.#drawing) this.#draw();
  }

  #draw(): void {
    const waiting = this.#wanting;
    if (waiting.size === 0) return;
    this.#wanting = new Set();
    this.#drawing = waiting;
    this.#resume();
    const history = [...waiting].some(({ isFirst }) => isFirst) ? HISTORY_LINES : 0;
    const refused = (reason: string) => {
      this.#drawing = null;
      for (const viewer of waiting) viewer.ended(reason);
      this.#draw();
    };
    const drawn = (facts: Facts, lines: readonly Uint8Array[]) => {
      this.#drawing = null;
      this.sized(facts.pane_width, facts.pane_height, waiting);
      for (const viewer of waiting) if (this.#viewers.has(viewer)) this.#show(viewer, facts, lines);
      this.#draw();
    };
    this.#options.ask(this.#screenAsk(history, drawn, refused));
  }

  #show(viewer: Viewer, facts: Facts, lines: readonly Uint8Array[]): void {
    const isNew = viewer.phase === "joining";
    const own = viewer.isFirst ? lines : lines.slice(-facts.pane_height);
    if (facts.alternate_on === 1) this.#withoutNormal.add(viewer);
    else this.#withoutNormal.delete(viewer);
    viewer.screen(this.#stateFor(viewer, true), drawScreen(facts, own, this.#filter.bracketedPaste, SCREEN_BYTES));
    if (!isNew) return;
    this.#tellAll(viewer);
    viewer.joined(this);
  }

  #showNormal(): void {
    this.#filter.leftAlternate = false;
    for (const viewer of this.#withoutNormal) if (viewer.phase === "live") this.#want(viewer);
    this.#withoutNormal.clear();
  }

  /** A program that writes without end costs nothing while all who look have fallen behind. */
  #pauseWhenUnseen(): void {
    if (this.#recording || this.#isPaused || this.#drawing || this.#wanting.size > 0) return;
    for (const viewer of this.#viewers) if (viewer.phase !== "behind") return;
    this.#isPaused = true;
    this.#options.ask({ line: `refresh-client -A '%${this.#options.pane}:pause'`, answered: () => undefined });
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#options.ask({ line: `refresh-client -A '%${this.#options.pane}:continue'`, answered: () => undefined });
  }
}
