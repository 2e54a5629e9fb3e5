// A time as people say it, the exact one on hover and for programs. Ages by itself.
import { useEffect, useState } from "preact/hooks";
import { agoOf } from "./format.ts";

const TICK_MS = 15_000;

export function Time({ at }: { readonly at: string | null }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  if (at === null) return <>never</>;
  const time = new Date(at);
  return (
    <time dateTime={at} title={time.toLocaleString()}>
      {agoOf(time.getTime(), Math.max(now, Date.now() - TICK_MS))}
    </time>
  );
}
