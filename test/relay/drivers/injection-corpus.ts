// 2,000 inputs that a shell, a format function or a careless program would misread. The same on every run: the numbers
// come from a fixed seed. Those that would run something, would create a file in the given folder.

/** mulberry32 */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** `#` is a name for a file that must never appear. */
const RUNS = [
  "$(touch #)",
  "`touch #`",
  "; touch #",
  ";touch # ;",
  "&& touch #",
  "& touch # &",
  "\ntouch #\n",
  "\r\ntouch #\r\n",
  "| touch #",
  "|| touch #",
  "'; touch #; '",
  '"; touch #; "',
  "${IFS}touch${IFS}#",
  "$'\\n'touch #",
  "<(touch #)",
  "> #",
  ">> #",
  "2> #",
  "{touch,#}",
  "'$(touch #)'",
  '"$(touch #)"',
  "\\$(touch #)",
  "${x:-$(touch #)}",
  "() { :; }; touch #",
  "& echo x > #",
  "| type nul > #",
  "^& echo. > #",
  "%COMSPEC% /c echo x > #",
  '" & echo x > # & "',
  "; New-Item #",
  "$(New-Item #)",
  "; Set-Content -Path # -Value x",
  "`n New-Item #",
  '"; iex "New-Item #"; "',
  "& { New-Item # }",
  "--%; New-Item #",
  "-exec touch # ;",
  "-o ProxyCommand=touch #",
  "--checkpoint-action=exec=touch #",
  "--output=#",
  "@#",
];

const CONTROL = ["\n", "\r", "\r\n", "\t", "\v", "\f", "\b", "\x1b[2J", "\x1b]0;x\x07", "\x7f", "\x01", " ", "  ", " x", "x "];

const UNICODE = [
  "é",
  "日本語",
  "😀",
  "\u202e",
  "\u200b",
  "\ufeff",
  "\u0085",
  "\u2028",
  "\u00a0",
  "\ufffd",
  "\u{10ffff}",
  "e\u0301",
  "ＡＢＣ",
  "；",
  "＄（ｉｄ）",
];

const TEXTS = [
  ..."-|--|-n|-e|--help|--version|-rf|-rf /|--|-c|/c|/?|-Command|-EncodedCommand".split("|"),
  ..."%s|%n|%s%n|%x%x%x|%99999999s|%1$n|%%|{0}|{input}|{{x}}|${x}|$x|$0|$$|$@|$*|%PATH%|!PATH!|%0|$env:PATH|$PSHOME|#{x}|<%= x %>".split(
    "|",
  ),
  ...CONTROL,
  ..."*|?|[a-z]|~|~root|..|../..|/etc/passwd|\\|\\\\|\\n|'|\"|''|\"\"|'\"'|<|>|&|;|(|)|{|}|^|!|!!|#|,|=|:|@|+".split("|"),
  ...UNICODE,
  ..."' OR 1=1 --|<script>alert(1)</script>|]]>|&amp;|\\u0000|\\0|\\x00|%00|null|undefined|NaN|true|0|-1|1e309|CON|NUL|aux.txt".split("|"),
];

export const CORPUS_SIZE = 2_000;

/** Different texts without NUL. `forbidden` is the path of a file that none of them may create. */
export function injectionCorpus(forbidden: string): string[] {
  const random = numbers(20261121);
  const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)]!;
  const all = new Set<string>(["", ...TEXTS, ...RUNS]);
  while (all.size < CORPUS_SIZE) {
    const parts = Array.from({ length: 1 + Math.floor(random() * 4) }, () => (random() < 0.5 ? pick(RUNS) : pick(TEXTS)));
    all.add(parts.join(random() < 0.3 ? " " : ""));
  }
  return [...all].map((text) => text.replaceAll("#", forbidden));
}

/** The same kind of text with a NUL in it, which no system takes as an argument. */
export function withNul(corpus: readonly string[]): string[] {
  const random = numbers(7);
  return corpus.map((text) => {
    const at = Math.floor(random() * (text.length + 1));
    return `${text.slice(0, at)}\0${text.slice(at)}`;
  });
}
