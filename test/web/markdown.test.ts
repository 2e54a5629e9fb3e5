// Markdown of a model becomes elements of a short list, with addresses that are harmless; nothing in it becomes markup.
import { isValidElement, type ComponentChildren, type VNode } from "preact";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { markdownNodes, plainText, safeHref } from "../../web/chat/markdown.tsx";

const ALLOWED = new Set([
  "p",
  "h3",
  "h4",
  "h5",
  "h6",
  "blockquote",
  "ol",
  "ul",
  "li",
  "hr",
  "strong",
  "em",
  "del",
  "code",
  "br",
  "a",
  "div",
  "table",
  "thead",
  "tbody",
  "tr",
  "th",
  "td",
  "pre",
  "span",
]);
interface Found {
  readonly tag: string;
  readonly props: Record<string, unknown>;
}

/** Every element in the tree, components unfolded; and all text. */
function walk(nodes: ComponentChildren, found: Found[] = [], text: string[] = []): { found: Found[]; text: string[] } {
  if (Array.isArray(nodes)) for (const node of nodes) walk(node, found, text);
  else if (isValidElement(nodes)) {
    const { type, props } = nodes as VNode<Record<string, unknown>>;
    const { children, ...rest } = props as Record<string, unknown> & { children?: ComponentChildren };
    if (typeof type === "string") found.push({ tag: type, props: rest });
    else if (type.name === "CopyButton") return { found, text };
    else if (type.name !== "Fragment") return walk((type as (props: unknown) => ComponentChildren)(props), found, text);
    walk(children, found, text);
  } else if (nodes !== null && nodes !== undefined && typeof nodes !== "boolean") text.push(`${nodes as string | number}`);
  return { found, text };
}
const tags = (markdown: string) => walk(markdownNodes(markdown)).found.map(({ tag }) => tag);
const text = (markdown: string) => walk(markdownNodes(markdown)).text.join("");

describe("Markdown", () => {
  it("becomes elements", () => {
    expect(tags("# T\n\n**b** *i* ~~d~~ `c`")).toEqual(["h3", "p", "strong", "em", "del", "code"]);
    expect(tags("1. a\n2. b\n   - c")).toEqual(["ol", "li", "li", "ul", "li"]);
    expect(tags("| a | b |\n|---|--:|\n| 1 | 2 |")).toEqual(["div", "table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]);
    expect(text("```js\nif (a < b) {}\n```")).toContain("if (a < b) {}");
    expect(text("a &amp; b &#39;c&#39; &lt;d&gt;")).toBe("a & b 'c' <d>");
  });

  it("keeps HTML as text", () => {
    for (const attack of [
      "<script>alert(1)</script>",
      '<img src=x onerror="alert(1)">',
      "a <b onclick=x>c</b>",
      "<iframe src='//x'></iframe>",
    ]) {
      expect(
        tags(attack).every((tag) => tag === "p"),
        attack,
      ).toBe(true);
      expect(text(attack)).toContain("<");
    }
  });

  it("links nowhere but to the web and to mail, and loads nothing", () => {
    for (const href of [
      "javascript:alert(1)",
      "JaVaScRiPt:alert(1)",
      "data:text/html,x",
      "vbscript:x",
      "/app/keys",
      "#x",
      "file:///etc/passwd",
      "blob:x",
    ]) {
      expect(safeHref(href), href).toBeNull();
      expect(tags(`[x](<${href}>)`), href).not.toContain("a");
    }
    const { found } = walk(markdownNodes("[x](https://example.com/a) ![alt](https://example.com/track.png)"));
    const links = found.filter(({ tag }) => tag === "a");
    expect(links).toHaveLength(2);
    for (const { props } of links) expect(props).toMatchObject({ rel: "noreferrer noopener", target: "_blank" });
    expect(found.map(({ tag }) => tag)).not.toContain("img");
  });

  it("of anything makes only these elements, without a handler or a style", () => {
    const piece = fc.constantFrom(
      "<",
      ">",
      "script",
      "`",
      "```",
      "\n",
      "\n\n",
      "*",
      "_",
      "[x](",
      ")",
      "javascript:",
      "![",
      "]",
      "|",
      "-",
      "#",
      " ",
      "a",
      "&lt;",
      "1. ",
      "> ",
      "<svg/onload=x>",
      "https://a.b",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        for (const { tag, props } of walk(markdownNodes(pieces.join(""))).found) {
          expect(ALLOWED).toContain(tag);
          expect(Object.keys(props).filter((name) => /^on|style|dangerously|srcset?$/i.test(name))).toEqual([]);
          if (tag === "a") expect(String(props["href"])).toMatch(/^(https?|mailto):/);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("nested without end is cut, not followed", () => {
    expect(text(`${"> ".repeat(500)}deep`)).toContain("deep");
  });

  it("of a model that repeats itself is not taken apart for ever", () => {
    for (const long of ["_a__b".repeat(40_000), "**a ".repeat(100_000)]) {
      expect(text(long)).toBe(long);
      expect(walk(markdownNodes(long)).found.filter(({ tag }) => tag !== "p")).toEqual([]);
    }
    expect(walk(markdownNodes(`${"_a__b".repeat(2_000)}\n\n**bold**`)).found.map(({ tag }) => tag)).toContain("strong");
  });

  it("names characters only", () => {
    expect(plainText("&amp;&nosuch;&#x41;&#0;&#x110000;")).toBe("&&nosuch;A&#0;&#x110000;");
  });
});
