// A job as it runs: its events put together into what the screen shows, resumed over lost connections.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Job } from "../../protocol/api/shapes.ts";
import type { JobResult } from "../../protocol/envelope.ts";
import { followed, type StreamEvent } from "../api/event-stream.ts";
import { segment } from "../api/client.ts";
import { AnsiText } from "../parts/ansi.ts";
import { sizeOf } from "../parts/format.ts";
import type { Piece } from "../parts/output.tsx";

export interface JobEnd {
  readonly status: Job["status"];
  readonly result: JobResult | null;
  readonly error?: Job["error"];
}
export interface Followed {
  readonly pieces: readonly Piece[];
  readonly dropped: number;
  readonly status: Job["status"] | null;
  readonly progress: { readonly percent: number | null; readonly message: string } | null;
  readonly end: JobEnd | null;
  readonly isConnected: boolean;
  readonly error: Error | null;
}
type StreamName = "stdout" | "stderr";
type Section = { readonly kind: "text"; readonly stream: StreamName; readonly text: AnsiText } | Extract<Piece, { kind: "note" }>;

/** Lines that the page shows; more would make a phone stutter. */
const KEEP_LINES = 3_000;

const noteOf = (text: string, tone: "soft" | "bad" = "soft"): Section => ({ kind: "note", tone, text });

/** Takes events, in order. */
export class JobView {
  readonly #sections: Section[] = [];
  #dropped = 0;
  status: Job["status"] | null = null;
  progress: Followed["progress"] = null;
  end: JobEnd | null = null;

  take({ event, data }: StreamEvent): void {
    const value = JSON.parse(data) as Record<string, unknown>;
    if (event === "status") this.status = value["status"] as Job["status"];
    else if (event === "progress") this.progress = value as unknown as NonNullable<Followed["progress"]>;
    else if (event === "result") this.end = value as unknown as JobEnd;
    else if (event === "gap") this.#gap(value as unknown as { stream: StreamName; from: number; to: number; lost: boolean });
    else if (event === "log" && typeof value["stream"] === "string") this.#output(value["stream"] as StreamName, String(value["text"]));
    else if (event === "log") this.#sections.push(noteOf(`${String(value["level"])}: ${String(value["message"])}`));
  }

  #gap({ stream, from, to, lost }: { stream: StreamName; from: number; to: number; lost: boolean }): void {
    const what = `${sizeOf(to - from)} of ${stream}`;
    this.#sections.push(noteOf(lost ? `… ${what} were not kept` : `… ${what} left out here; they are in the download`));
  }

  #output(stream: StreamName, text: string): void {
    let last = this.#sections.at(-1);
    if (last?.kind !== "text" || last.stream !== stream) {
      last = { kind: "text", stream, text: new AnsiText(KEEP_LINES) };
      this.#sections.push(last);
    }
    last.text.feed(text);
    this.#trim();
  }

  #trim(): void {
    let lines = this.#sections.reduce((sum, section) => sum + (section.kind === "text" ? section.text.lines.length : 1), 0);
    while (lines > KEEP_LINES * 1.2 && this.#sections.length > 1) {
      const gone = this.#sections.shift()!;
      lines -= gone.kind === "text" ? gone.text.lines.length : 1;
      this.#dropped += gone.kind === "text" ? gone.text.lines.length + gone.text.dropped : 0;
    }
  }

  get shown(): { readonly pieces: Piece[]; readonly dropped: number } {
    const pieces = this.#sections.map((section): Piece => {
      if (section.kind === "note") return section;
      const { lines } = section.text;
      // The last line is empty when the text ended with a line's end.
      return { kind: "text", stream: section.stream, lines: lines.at(-1)?.length === 0 ? lines.slice(0, -1) : lines.slice() };
    });
    const dropped = this.#sections.reduce((sum, section) => sum + (section.kind === "text" ? section.text.dropped : 0), this.#dropped);
    return { pieces, dropped };
  }
}

const NOTHING: Followed = { pieces: [], dropped: 0, status: null, progress: null, end: null, isConnected: true, error: null };
/** The page is drawn at most this often, however fast a job writes. */
const DRAW_MS = 100;

export function useFollowed(id: string, isWanted: boolean): Followed {
  const [state, setState] = useState(NOTHING);
  const isConnected = useRef(true);
  useEffect(() => {
    if (!isWanted) return undefined;
    const stop = new AbortController();
    const view = new JobView();
    let timer: ReturnType<typeof setTimeout> | null = null;
    const draw = (error: Error | null = null) => {
      timer = null;
      if (!stop.signal.aborted)
        setState({ ...view.shown, status: view.status, progress: view.progress, end: view.end, isConnected: isConnected.current, error });
    };
    const soon = () => (timer ??= setTimeout(draw, DRAW_MS));
    const told = (up: boolean) => {
      isConnected.current = up;
      soon();
    };
    const run = async () => {
      try {
        for await (const event of followed(`/api/v1/jobs/${segment(id)}/events`, stop.signal, ({ event }) => event === "result", told)) {
          view.take(event);
          soon();
        }
        draw();
      } catch (error) {
        draw(error as Error);
      }
    };
    void run();
    return () => {
      stop.abort();
      if (timer) clearTimeout(timer);
    };
  }, [id, isWanted]);
  return state;
}
