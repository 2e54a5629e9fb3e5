// Numbers, sizes and times as people read them. Pure.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function sizeOf(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

export function durationOf(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** `now` and `at`: milliseconds. */
export function agoOf(at: number, now: number): string {
  const seconds = Math.round((now - at) / 1_000);
  if (seconds < -90) return `in ${durationOf(Math.round((at - now) / 60_000) * 60_000).replace(" 0 s", "")}`;
  if (seconds < -5) return `in ${-seconds} s`;
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.round(hours / 24)} days ago`;
}

export const countOf = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** Id with a beginning and an end: ULIDs of one minute differ at the end. */
export const shortId = (id: string): string => (id.length > 12 ? `…${id.slice(-8)}` : id);
