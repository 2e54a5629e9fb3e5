// Output of a job as it comes: text nodes only; follows its end until one scrolls up.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Line, Run } from "./ansi.ts";
import { countOf } from "./format.ts";

const classOf = ({ style }: Run): string =>
  [
    style.color === null ? "" : `c${style.color}`,
    style.back === null ? "" : `b${style.back}`,
    style.isBold ? "bold" : "",
    style.isDim ? "dim" : "",
    style.isItalic ? "italic" : "",
    style.isUnderlined ? "underlined" : "",
  ]
    .filter(Boolean)
    .join(" ");

function OutputLine({ line }: { readonly line: Line }) {
  return (
    <>
      {line.map((run, index) => {
        const name = classOf(run);
        return name === "" ? (
          run.text
        ) : (
          <span key={index} class={name}>
            {run.text}
          </span>
        );
      })}
      {"\n"}
    </>
  );
}

/** A piece of a job's output, in the order of arrival: lines of one stream, or what stands between them. */
export type Piece =
  | { readonly kind: "text"; readonly stream: "stdout" | "stderr"; readonly lines: readonly Line[] }
  | { readonly kind: "note"; readonly tone: "soft" | "bad"; readonly text: string };

interface OutputProps {
  readonly pieces: readonly Piece[];
  readonly dropped: number;
  readonly isLive: boolean;
}

export function Output({ pieces, dropped, isLive }: OutputProps) {
  const box = useRef<HTMLDivElement>(null);
  const [isPinned, setIsPinned] = useState(true);
  useLayoutEffect(() => {
    if (isPinned && box.current) box.current.scrollTop = box.current.scrollHeight;
  });
  useEffect(() => {
    const node = box.current;
    if (!node) return undefined;
    const scrolled = () => setIsPinned(node.scrollHeight - node.scrollTop - node.clientHeight < 24);
    node.addEventListener("scroll", scrolled, { passive: true });
    return () => node.removeEventListener("scroll", scrolled);
  }, []);
  return (
    <div class="output-frame">
      <div class="output" ref={box} tabIndex={0} role="log" aria-label="Output" aria-live="off">
        {dropped > 0 && <p class="output-note">{countOf(dropped, "earlier line")} not shown; download the whole output to read them.</p>}
        {pieces.map((piece, index) =>
          piece.kind === "note" ? (
            <p key={index} class={`output-note ${piece.tone}`}>
              {piece.text}
            </p>
          ) : (
            <pre key={index} class={piece.stream}>
              {piece.lines.map((line, number) => (
                <OutputLine key={number} line={line} />
              ))}
            </pre>
          ),
        )}
        {pieces.length === 0 && <p class="output-note">{isLive ? "No output yet." : "It wrote nothing."}</p>}
      </div>
      {!isPinned && (
        <button class="plain to-end" onClick={() => box.current?.scrollTo(0, box.current.scrollHeight)}>
          To the end
        </button>
      )}
    </div>
  );
}
