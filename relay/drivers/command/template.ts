// `{input}` in the texts of a command's declaration: which inputs a text names, and the text with values in their place.
// Replaced once, from left to right: a value that itself looks like `{input}` stays as it is.
import type { InputValues } from "../../../protocol/inputs.ts";

const WHOLE = /^\{([a-z][a-z0-9_]{0,62})\}$/;
const INSIDE = /\{([a-z][a-z0-9_]{0,62})\}/g;

/** The input that the whole text stands for; null when it is other text. */
export function wholeInput(text: string): string | null {
  return WHOLE.exec(text)?.[1] ?? null;
}

export function inputsIn(text: string): string[] {
  return [...text.matchAll(INSIDE)].map((match) => match[1]!);
}

/** `values` holds every input that the text names (checked when the file was read). */
export function fill(text: string, values: InputValues): string {
  return text.replace(INSIDE, (_, name: string) => String(values[name]));
}
