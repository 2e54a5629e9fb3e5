// The look of the pages that the Worker serves itself: one style sheet, in the page, allowed by its hash. Light and dark, 390 px and up.
import { createHash } from "node:crypto";

const STYLE = `
:root { color-scheme: light dark; --back: #f6f5f1; --card: #fffefb; --ink: #1c1d1a; --soft: #62645d; --line: #d9d7cd; --mark: #1f6f54; --on-mark: #fff; --bad: #a8321f; --code: #efede5; }
@media (prefers-color-scheme: dark) { :root { --back: #151714; --card: #1d201c; --ink: #e9e8e1; --soft: #a0a399; --line: #343830; --mark: #6cc7a2; --on-mark: #10201a; --bad: #f0907c; --code: #262a24; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
main { max-width: 60rem; margin: 0 auto; padding: 1.25rem 1rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; }
h2 { font-size: .8rem; letter-spacing: .08em; text-transform: uppercase; color: var(--soft); margin: 2rem 0 .5rem; }
p { margin: .25rem 0 .75rem; }
.soft { color: var(--soft); }
.bad { color: var(--bad); }
.center { max-width: 26rem; margin: 12vh auto 0; }
.card, details { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.card { padding: 1.25rem; }
details { margin: .4rem 0; }
summary { cursor: pointer; padding: .7rem .9rem; display: flex; gap: .6rem; align-items: baseline; flex-wrap: wrap; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary .text { color: var(--soft); flex: 1 1 14rem; font-size: .9rem; }
details > .inside { padding: .6rem .9rem .9rem; border-top: 1px solid var(--line); }
code, pre { font: .875rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
p code { white-space: nowrap; }
/* 16px: a phone zooms into a field with smaller letters. */
textarea, input, select { font: 1rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.verb { font-weight: 700; color: var(--mark); min-width: 3.6rem; }
label { display: block; margin: .7rem 0 .2rem; font-size: .875rem; }
label .soft { font-size: .8rem; margin-left: .4rem; }
input, textarea, select { width: 100%; min-height: 2.75rem; padding: .55rem .6rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--back); color: inherit; }
textarea { min-height: 8rem; resize: vertical; }
button { min-height: 2.75rem; padding: .5rem 1.1rem; margin: .9rem .5rem 0 0; border: 1px solid var(--mark); border-radius: .4rem; background: var(--mark); color: var(--on-mark); font: inherit; font-weight: 600; cursor: pointer; }
form + p { margin-top: 1rem; }
button.plain { background: transparent; color: var(--mark); }
button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; }
pre { background: var(--code); border-radius: .4rem; padding: .75rem; margin: .75rem 0 0; white-space: pre-wrap; max-height: 26rem; overflow: auto; }
.bar { display: grid; gap: .6rem; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); margin: 1rem 0; }
.bar label { margin: 0; }
`;

/** The source of the page's policy that allows exactly this style sheet. */
export const styleSource = (): string => `'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`;

/** A whole page: no inline script, one style sheet, one script of its own origin. */
export function htmlPage(title: string, script: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<script src="${script}" defer></script>
</head>
<body>
${body}
</body>
</html>
`;
}
