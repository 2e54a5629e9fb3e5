// Keys of a machine's screen as RFB names them (X11 keysyms), and what a phone's keyboard typed. Pure.

export const KEYSYMS = {
  Backspace: 0xff08,
  Tab: 0xff09,
  Enter: 0xff0d,
  Esc: 0xff1b,
  Delete: 0xffff,
  Home: 0xff50,
  Left: 0xff51,
  Up: 0xff52,
  Right: 0xff53,
  Down: 0xff54,
  PgUp: 0xff55,
  PgDn: 0xff56,
  End: 0xff57,
  Shift: 0xffe1,
  Ctrl: 0xffe3,
  Alt: 0xffe9,
  F1: 0xffbe,
  F2: 0xffbf,
  F8: 0xffc5,
  F10: 0xffc7,
  F12: 0xffc9,
} as const;
export type ScreenKey = keyof typeof KEYSYMS;

/** Physical keys of the keysyms, for machines that take scan codes. */
export const CODES: Partial<Record<ScreenKey, string>> = {
  Backspace: "Backspace",
  Tab: "Tab",
  Enter: "Enter",
  Esc: "Escape",
  Delete: "Delete",
  Home: "Home",
  Left: "ArrowLeft",
  Up: "ArrowUp",
  Right: "ArrowRight",
  Down: "ArrowDown",
  PgUp: "PageUp",
  PgDn: "PageDown",
  End: "End",
  Ctrl: "ControlLeft",
  Alt: "AltLeft",
  F1: "F1",
  F2: "F2",
  F8: "F8",
  F10: "F10",
  F12: "F12",
};

/** Latin-1 is its own keysym; others are Unicode's with a mark (X11 protocol, appendix A). */
export function keysymOf(character: string): number {
  if (character === "\n" || character === "\r") return KEYSYMS.Enter;
  if (character === "\t") return KEYSYMS.Tab;
  const point = character.codePointAt(0) ?? 0x20;
  return (point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff) ? point : 0x0100_0000 + point;
}

/** QEMU finds the key of a keysym, on a US keyboard, and holds no other with it. */
export const needsShift = (character: string): boolean => /^[A-Z~!@#$%^&*()_+{}|:"<>?]$/.test(character);

/** What was typed between two values of a field: so many taken back from the end, then these. A phone's keyboard says no keys. */
export function typedBetween(before: string, after: string): { readonly backspaces: number; readonly text: string } {
  let same = 0;
  while (same < before.length && same < after.length && before[same] === after[same]) same++;
  return { backspaces: before.length - same, text: after.slice(same) };
}
