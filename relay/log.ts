// The relay's log: one JSON object a line on standard error. Never given a secret, a spec or a payload.

export type LogLevel = "debug" | "info" | "warn" | "error";
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, string | number | boolean | null>>) => void;

export const stderrLog: Log = (level, message, fields) => {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), level, message, ...fields })}\n`);
};

/** What went wrong, for a log line: a message without a stack. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 500);
