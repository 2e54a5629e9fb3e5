// What is typed into the fields of a virtual machine's forms, and what it means. What is no number goes as it is typed: the server
// says what it wanted. Pure.

export const UNITS = { MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const;
export type Unit = keyof typeof UNITS;

export interface Size {
  readonly text: string;
  readonly unit: Unit;
}

export const size = (text: string, unit: Unit = "GiB"): Size => ({ text, unit });

/** A count; undefined: nothing was typed. */
export function numberOf(text: string): number | string | undefined {
  const typed = text.trim();
  if (typed === "") return undefined;
  return /^\d+$/.test(typed) ? Number(typed) : typed;
}

/** Bytes of a size; a fraction of a unit is rounded to whole sectors. */
export function bytesOf({ text, unit }: Size): number | string | undefined {
  const typed = text.trim().replace(",", ".");
  if (typed === "") return undefined;
  return /^\d+(\.\d+)?$/.test(typed) ? Math.round((Number(typed) * UNITS[unit]) / 4_096) * 4_096 : typed;
}

/** In the largest unit of which it is some, or some and a half. */
export function sizeOfBytes(bytes: number | null | undefined): Size {
  if (bytes == null) return size("");
  const unit = (["TiB", "GiB"] as const).find((one) => bytes >= UNITS[one] && (bytes * 2) % UNITS[one] === 0) ?? "MiB";
  return size(String(bytes / UNITS[unit]), unit);
}

export const wordsOf = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** Without what is undefined. */
export function given<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
export const textOrNone = (text: string): string | undefined => (text.trim() === "" ? undefined : text.trim());
