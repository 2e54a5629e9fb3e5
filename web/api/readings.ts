// Readings of what changes all the time: taken again and again while the element that shows them is looked at, and at no other time.
// The last few are kept.
import { useEffect, useRef, useState } from "preact/hooks";

interface Pace {
  /** Milliseconds between the end of one reading and the next. */
  readonly everyMs: number;
  /** So many of the last readings are kept; at least one. */
  readonly keep: number;
}

/** `key` names what is read; null reads nothing. Readings are oldest first, the problem is that of the last one; the box is the element. */
export function useReadings<T>(key: string | null, read: (signal: AbortSignal) => Promise<T>, { everyMs, keep }: Pace) {
  const [readings, setReadings] = useState<readonly T[]>([]);
  const [problem, setProblem] = useState("");
  const box = useRef<HTMLElement>(null);
  const latest = useRef(read);
  latest.current = read;
  useEffect(() => {
    if (key === null) return undefined;
    const stop = new AbortController();
    let isSeen = true;
    let timer: ReturnType<typeof setTimeout>;
    const watcher = new IntersectionObserver((entries) => (isSeen = entries.at(-1)?.isIntersecting ?? true));
    if (box.current) watcher.observe(box.current);
    const take = async () => {
      try {
        if (!document.hidden && isSeen) {
          const reading = await latest.current(stop.signal);
          if (stop.signal.aborted) return;
          setReadings((before) => [...before, reading].slice(-keep));
          setProblem("");
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        setProblem((error as Error).message);
      }
      timer = setTimeout(() => void take(), everyMs);
    };
    void take();
    return () => {
      stop.abort();
      clearTimeout(timer);
      watcher.disconnect();
    };
  }, [key, everyMs, keep]);
  return { readings, problem, box };
}
