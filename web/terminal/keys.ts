// What the key bar's keys send: as a terminal of the xterm family expects. Pure.

export type KeyName = "Esc" | "Tab" | "Up" | "Down" | "Left" | "Right" | "Home" | "End" | "PgUp" | "PgDn";

const ARROWS = { Up: "A", Down: "B", Right: "C", Left: "D", Home: "H", End: "F" } as const;
export interface Modifiers {
  readonly ctrl: boolean;
  readonly alt: boolean;
}

export function bytesOfKey(key: KeyName, { ctrl, alt }: Modifiers, isApplication: boolean): string {
  const modifier = 1 + (alt ? 2 : 0) + (ctrl ? 4 : 0);
  if (key === "Esc") return "\x1b";
  if (key === "Tab") return alt ? "\x1b\t" : "\t";
  if (key === "PgUp" || key === "PgDn") return `\x1b[${key === "PgUp" ? 5 : 6}${modifier > 1 ? `;${modifier}` : ""}~`;
  const letter = ARROWS[key];
  if (modifier > 1) return `\x1b[1;${modifier}${letter}`;
  return `\x1b${isApplication ? "O" : "["}${letter}`;
}

/** Text that was typed while Ctrl or Alt of the key bar was down: the first character takes them. */
export function withModifiers(text: string, { ctrl, alt }: Modifiers): string {
  if (text === "" || (!ctrl && !alt)) return text;
  const first = text[0]!;
  const code = first.toUpperCase().charCodeAt(0);
  // @ A-Z [ \ ] ^ _ and space, ?: as every terminal has them.
  const controlled =
    ctrl && code >= 0x40 && code <= 0x5f
      ? String.fromCharCode(code & 0x1f)
      : ctrl && first === " "
        ? "\0"
        : ctrl && first === "?"
          ? "\x7f"
          : first;
  return `${alt ? "\x1b" : ""}${controlled}${text.slice(1)}`;
}
