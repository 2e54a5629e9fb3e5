// Which escape sequences a terminal answers, or does to the one who looks more than to show: pure, of one sequence at a time. What
// is doubtful is a question: a viewer's terminal may be any.

/** Bytes that terminals overlook inside a sequence: control characters, and what is no UTF-8. */
// eslint-disable-next-line no-control-regex -- the point of it
const OVERLOOKED = /[\u0000-\u001f\u007f-\u00ff]/g;
const CSI = /^([<=>?]?)([0-9;:]*)([ -/]*)$/;

/**
 * By private mark, intermediates and final byte: XTVERSION, DECRQM, kitty's keyboard, DECRQUPSS, XTSMGRAPHICS, XTQMODKEYS,
 * XTGETFMTKEYS, DECRQPSR, DECRQCRA, DECRQDE, DECRQLP, XTREPORTSGR, XTREPORTCOLORS.
 */
const ANSWERED: ReadonlySet<string> = new Set([">q", "$p", "?$p", "?u", "&u", "?S", "?m", "?f", "?g", "$w", "*y", '"v', "'|", "#|", "#R"]);

/** `body` is what stands between `ESC [` and the final byte. DA, DSR, DECREQTPARM and window reports beside those above. */
export function isCsiQuestion(body: string, final: string): boolean {
  const [, mark, parameters, between] = CSI.exec(body.replaceAll(OVERLOOKED, "")) ?? [];
  // No terminal knows it.
  if (mark === undefined || parameters === undefined || between === undefined) return true;
  if (final === "c") return mark !== "?" || parameters === "";
  if (final === "n") return true;
  if (final === "x") return between === "";
  const first = Number.parseInt(parameters, 10);
  if (final === "t") return mark === "" && between === "" && first >= 11 && first <= 21;
  return ANSWERED.has(mark + between + final);
}

/** Fonts, the clipboard, xterm's features, kitty's clipboard and files: whatever they say. */
const NEVER = new Set([50, 52, 60, 61, 5113, 5522]);
/** Colours, pointers and notifications: where a value is `?`. */
const isAsked = (code: number) => code === 4 || code === 5 || (code >= 10 && code <= 19) || code === 21 || code === 22 || code === 99;
const ITERM = /^0*1337;(Report|Request|Cop|Capab)/i;

function isOscQuestion(body: string, isLong: boolean): boolean {
  const [, digits, rest] = /^(\d*)(.*)$/s.exec(body)!;
  if (rest === "" && isLong) return true;
  const code = Number(digits);
  if (NEVER.has(code) || ITERM.test(body)) return true;
  return isAsked(code) && (isLong || /[;=]\?([;:]|$)/.test(rest!));
}

/** DECRQSS and XTGETTCAP. Of a long one the beginning must tell what it is. */
const isDcsQuestion = (body: string, isLong: boolean) => /^[0-9;:<=>?]*[$+]q/.test(body) || (isLong && /^[0-9;:<=>?]*[ -/]*$/.test(body));

/** `kind`: the byte behind ESC. `isLong`: only the beginning is there. kitty's graphics (`ESC _ G`) are answered each. */
export function isStringQuestion(kind: string, raw: string, isLong: boolean): boolean {
  const body = raw.replaceAll(OVERLOOKED, "");
  if (kind === "]") return isOscQuestion(body, isLong);
  if (kind === "P") return isDcsQuestion(body, isLong);
  return kind === "_" && (body === "" || body.startsWith("G"));
}
