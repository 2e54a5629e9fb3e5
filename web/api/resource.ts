// Data of a screen: loaded when it is shown, again after the connection healed, and every so often while the page is visible.
// What was loaded stays shown while it is loaded again.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { useStore } from "../store.ts";
import { isAbort } from "./client.ts";
import { healed } from "./connection.ts";

export interface Resource<T> {
  readonly data: T | null;
  readonly error: Error | null;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

interface Kept<T> {
  readonly key: string;
  readonly data: T | null;
  readonly error: Error | null;
  readonly isLoading: boolean;
}

/**
 * `key` names what is loaded: another key forgets the data and loads anew. `everyMs`: milliseconds between the end of one load and the
 * next; absent: once. A key of null loads nothing.
 */
export function useResource<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>, everyMs?: number): Resource<T> {
  const name = key ?? "";
  const [kept, setKept] = useState<Kept<T>>({ key: name, data: null, error: null, isLoading: true });
  const [turn, setTurn] = useState(0);
  const heals = useStore(healed);
  const latest = useRef(load);
  latest.current = load;
  const reload = useCallback(() => setTurn((turn) => turn + 1), []);
  useEffect(() => {
    if (key === null) return undefined;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => {
      clearTimeout(timer);
      if (everyMs === undefined || stop.signal.aborted) return;
      timer = setTimeout(() => (document.hidden ? again() : void run()), everyMs);
    };
    const run = async () => {
      try {
        const data = await latest.current(stop.signal);
        if (!stop.signal.aborted) setKept({ key: name, data, error: null, isLoading: false });
      } catch (error) {
        if (stop.signal.aborted || isAbort(error)) return;
        setKept((was) => ({ key: name, data: was.key === name ? was.data : null, error: error as Error, isLoading: false }));
      }
      again();
    };
    setKept((was) => (was.key === name ? { ...was, isLoading: true } : { key: name, data: null, error: null, isLoading: true }));
    void run();
    const seen = () => {
      if (!document.hidden && everyMs !== undefined) void run();
    };
    document.addEventListener("visibilitychange", seen);
    return () => {
      document.removeEventListener("visibilitychange", seen);
      clearTimeout(timer);
      stop.abort();
    };
  }, [name, key === null, turn, heals, everyMs]);
  const isOther = kept.key !== name;
  return { data: isOther ? null : kept.data, error: isOther ? null : kept.error, isLoading: isOther || kept.isLoading, reload };
}
