// The relay's log: one JSON object a line on standard error. Never given a secret, a spec or a payload.

export type LogLevel = "debug" | "info" | "warn" | "error";
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, string | number | boolean | null>>) => void;

/** Lines of one message in a while; a peer that misbehaves causes no more. */
const BURST = 100;
const WHILE_MS = 60_000;
/** Messages counted apart; a few carry words of the edge. */
const MESSAGES = 200;

/** The same log, with the lines of one message bounded; how many were left out is said with the next that is written. */
export function bounded(log: Log, now: () => number = () => performance.now()): Log {
  const seen = new Map<string, { from: number; lines: number }>();
  return (level, message, fields) => {
    const at = now();
    let entry = seen.get(message);
    const left = entry ? entry.lines - BURST : 0;
    if (!entry || at - entry.from >= WHILE_MS) {
      if (seen.size >= MESSAGES) seen.clear();
      entry = { from: at, lines: 0 };
      seen.set(message, entry);
      if (left > 0) log("warn", "lines were left out", { like: message, count: left });
    }
    entry.lines += 1;
    if (entry.lines <= BURST) log(level, message, fields);
  };
}

export const stderrLog: Log = bounded((level, message, fields) => {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), level, message, ...fields })}\n`);
});

/** What went wrong, for a log line: a message without a stack. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 500);
