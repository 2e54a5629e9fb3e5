// A change in the hands of one part of a screen: what is being done, how far it is, what went wrong.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiProblem, isAbort } from "../api/client.ts";
import { freshKey } from "../screens/run-request.ts";
import { carryOut, type ChangeRequest, type Done, type Progress } from "./change.ts";

export interface Work {
  /** What is being done, as people say it: `Starting`. */
  readonly what: string;
  readonly job: string | null;
  readonly progress: Progress | null;
  readonly isBusy: boolean;
  readonly error: Error | null;
  /** The last one that ended well. */
  readonly done: Done | null;
}

export interface Change {
  readonly work: Work | null;
  /** Answers null when it failed; the work says why. */
  readonly run: (what: string, request: ChangeRequest) => Promise<Done | null>;
  /** What it would do. */
  readonly plan: (request: ChangeRequest) => Promise<Done | null>;
  readonly clear: () => void;
}

/** `onEnd`: it ended, well or not: what is shown may be old. */
export function useChange(onEnd: () => void = () => {}): Change {
  const [work, setWork] = useState<Work | null>(null);
  const stop = useRef(new AbortController());
  const latest = useRef(onEnd);
  latest.current = onEnd;
  /** The request that got no answer, and its key: asked again it is the same one. */
  const unanswered = useRef<{ readonly text: string; readonly key: string } | null>(null);
  useEffect(() => {
    stop.current = new AbortController();
    return () => stop.current.abort();
  }, []);
  const go = async (what: string, request: ChangeRequest, plan: boolean): Promise<Done | null> => {
    const { signal } = stop.current;
    const text = JSON.stringify([request, plan]);
    const key = unanswered.current?.text === text ? unanswered.current.key : freshKey();
    unanswered.current = { text, key };
    const now: Work = { what, job: null, progress: null, isBusy: true, error: null, done: null };
    setWork(now);
    const change = (part: Partial<Work>) => signal.aborted || setWork((was) => ({ ...(was ?? now), ...part }));
    const told = { job: (job: string) => void change({ job }), progress: (progress: Progress) => void change({ progress }) };
    try {
      const done = await carryOut(request, { key, plan, told, signal });
      unanswered.current = null;
      change({ isBusy: false, progress: null, done });
      if (!plan && !signal.aborted) latest.current();
      return done;
    } catch (error) {
      if (signal.aborted || isAbort(error)) return null;
      if (error instanceof ApiProblem) unanswered.current = null;
      change({ isBusy: false, progress: null, error: error as Error });
      if (!plan) latest.current();
      return null;
    }
  };
  return {
    work,
    run: (what, request) => go(what, request, false),
    plan: (request) => go("Asking what it would do", request, true),
    clear: () => setWork(null),
  };
}
