// Markdown of models as nodes: marked only splits the text into tokens, and each token becomes an element made here. Nothing is ever
// parsed as HTML, nothing is loaded from elsewhere: HTML stays text, images become links.
import { Lexer, type MarkedToken, type Token, type Tokens } from "marked";
import type { ComponentChildren } from "preact";
import { memo } from "preact/compat";
import { CopyButton } from "../parts/copy.tsx";

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", "#39": "'" };

/** Pure: `&amp;` and its like as the characters they stand for. */
export function plainText(text: string): string {
  return text.replaceAll(/&(#x[0-9a-f]{1,6}|#[0-9]{1,7}|[a-z]{2,6});/gi, (whole, name: string) => {
    const known = ENTITIES[name.toLowerCase()];
    if (known !== undefined) return known;
    const code = name.startsWith("#") ? Number(name[1] === "x" || name[1] === "X" ? `0${name.slice(1)}` : name.slice(1)) : Number.NaN;
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** Pure: an address that may be followed; null: it stays text. */
export function safeHref(href: string): string | null {
  const url = URL.canParse(href) ? new URL(href) : null;
  return url && ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
}

function Link({ href, children }: { readonly href: string; readonly children: ComponentChildren }) {
  const safe = safeHref(href);
  if (safe === null) return <>{children}</>;
  return (
    <a href={safe} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  );
}

function CodeBlock({ text, lang }: { readonly text: string; readonly lang: string }) {
  return (
    <div class="code-block">
      <div class="code-head">
        <span>{lang || "text"}</span>
        <CopyButton text={text} what="the code" isSmall />
      </div>
      <pre tabIndex={0} role="region" aria-label={`Code, ${lang || "text"}`}>
        <code>{text}</code>
      </pre>
    </div>
  );
}

const cells = (row: readonly Tokens.TableCell[], Tag: "th" | "td") =>
  row.map((cell, index) => (
    <Tag key={index} class={cell.align ?? ""}>
      {nodesOf(cell.tokens)}
    </Tag>
  ));

function tableOf(token: Tokens.Table): ComponentChildren {
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label="Table">
      <table>
        <thead>
          <tr>{cells(token.header, "th")}</tr>
        </thead>
        <tbody>
          {token.rows.map((row, index) => (
            <tr key={index}>{cells(row, "td")}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function listOf(token: Tokens.List): ComponentChildren {
  const items = token.items.map((item, index) => <li key={index}>{nodesOf(item.tokens)}</li>);
  return token.ordered ? <ol start={token.start === "" ? 1 : token.start}>{items}</ol> : <ul>{items}</ul>;
}

/** Headings of an answer stand below those of the page. */
const HEADINGS = ["h3", "h3", "h4", "h5", "h6", "h6"] as const;

function headingOf({ depth, tokens }: Tokens.Heading): ComponentChildren {
  const Tag = HEADINGS[depth - 1] ?? "h6";
  return <Tag>{nodesOf(tokens)}</Tag>;
}

const isBreak = (html: string) => /^<br\s*\/?>$/i.test(html.trim());

type Renderers = { readonly [T in MarkedToken as T["type"]]: (token: T) => ComponentChildren };
/** Total over the tokens of marked: a new kind does not compile. */
const RENDERERS: Renderers = {
  paragraph: ({ tokens }) => <p>{nodesOf(tokens)}</p>,
  heading: headingOf,
  code: ({ text, lang }) => <CodeBlock text={text} lang={(lang ?? "").split(/\s/)[0]!.slice(0, 30)} />,
  blockquote: ({ tokens }) => <blockquote>{nodesOf(tokens)}</blockquote>,
  list: listOf,
  list_item: ({ tokens }) => nodesOf(tokens),
  table: tableOf,
  hr: () => <hr />,
  strong: ({ tokens }) => <strong>{nodesOf(tokens)}</strong>,
  em: ({ tokens }) => <em>{nodesOf(tokens)}</em>,
  del: ({ tokens }) => <del>{nodesOf(tokens)}</del>,
  codespan: ({ text }) => <code>{text}</code>,
  br: () => <br />,
  link: ({ href, tokens }) => <Link href={href}>{nodesOf(tokens)}</Link>,
  image: ({ href, text }) => <Link href={href}>{text || href}</Link>,
  checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  html: ({ text }) => (isBreak(text) ? <br /> : text),
  text: (token) => ("tokens" in token && token.tokens ? nodesOf(token.tokens) : plainText(token.text)),
  escape: ({ text }) => text,
  space: () => null,
  def: () => null,
};

function nodeOf(token: Token): ComponentChildren {
  const render = Object.hasOwn(RENDERERS, token.type)
    ? (RENDERERS[token.type as keyof Renderers] as (token: Token) => ComponentChildren)
    : null;
  return render ? render(token) : token.raw;
}

/** Deeper nesting is no writing but an attack on the page. */
const DEPTH = 40;
let depth = 0;

export function nodesOf(tokens: readonly Token[]): ComponentChildren[] {
  if (depth > DEPTH) return tokens.map((token) => token.raw);
  depth += 1;
  try {
    return tokens.map(nodeOf);
  } finally {
    depth -= 1;
  }
}

/** Inside one paragraph marked may take the square of its length: what a model repeats without end must not hold the page. */
const INLINE_CHARS = 4 * 1024;
const TEXT_CHARS = 256 * 1024;

class BoundedLexer extends Lexer {
  override inlineTokens(src: string, tokens: Token[] = []): Token[] {
    if (src.length <= INLINE_CHARS) return super.inlineTokens(src, tokens);
    tokens.push({ type: "text", raw: src, text: src });
    return tokens;
  }
}

/** Of all Markdown; nothing of the page but what is in `text` is read. */
export const markdownNodes = (text: string): ComponentChildren[] => {
  if (text.length > TEXT_CHARS) return [text];
  try {
    return nodesOf(new BoundedLexer({ gfm: true }).lex(text));
  } catch {
    return [text];
  }
};

export const Markdown = memo(({ text }: { readonly text: string }) => <div class="markdown">{markdownNodes(text)}</div>);
