// How results are shown: tables and times for people, one JSON value for programs. Control characters of a peer's words never
// reach the terminal.

export const print = (text: string): void => void process.stdout.write(`${text}\n`);
/** JSON writes control characters as escapes but for those that some terminals obey as well. */
export const jsonText = (value: unknown): string =>
  (JSON.stringify(value, null, 2) ?? "").replaceAll(/[\u007f-\u009f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
export const printJson = (value: unknown): void => print(jsonText(value));
export const note = (text: string): void => void process.stderr.write(`${text}\n`);

// eslint-disable-next-line no-control-regex -- the point of it
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
export const plain = (text: string): string => text.replaceAll(CONTROL, "\uFFFD");

/** Columns as wide as their widest cell; the last one runs free. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map((cell) => plain(cell).replaceAll("\n", " ")));
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Name and value, one line each. */
export function fields(rows: readonly (readonly [string, string | number | null | undefined])[]): string {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${plain(String(value))}`).join("\n");
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
];

export function duration(ms: number): string {
  for (const [size, unit] of UNITS) if (ms >= size) return `${Math.floor(ms / size)} ${unit}`;
  return `${Math.max(0, Math.round(ms))} ms`;
}

/** Until `time`, in whole minutes: what was made for 15 minutes just now has 15 left. */
export const timeLeft = (time: string) => duration(Math.round((Date.parse(time) - Date.now()) / 60_000) * 60_000);

export function ago(time: string | null): string {
  if (time === null) return "never";
  const ms = Date.now() - Date.parse(time);
  return ms < 1_000 ? "now" : `${duration(ms)} ago`;
}

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"];
export function size(bytes: number): string {
  const power = bytes > 0 ? Math.min(SIZES.length - 1, Math.floor(Math.log2(bytes) / 10)) : 0;
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${SIZES[power]}`;
}
