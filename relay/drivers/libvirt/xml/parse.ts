// Reads XML text into a tree without losing a byte. Strict and bounded; refuses document types, so nothing can be expanded or
// fetched. Iterative: depth costs no stack.
import { decodeAttribute, decodeText, forbiddenAt, XmlError } from "./text.ts";
import { isName, XmlElement, type XmlDocument, type XmlNode, type XmlPiece } from "./tree.ts";

export const XML_LIMITS = {
  /** A string of libvirt's protocol is at most 4 MiB. */
  characters: 4 * 1024 * 1024,
  /** Domain XML is some ten deep; writing recurses. */
  depth: 128,
  /** Elements, texts, comments: the XML of a large domain has a few thousand. */
  nodes: 200_000,
  attributes: 256,
} as const;

const BLANK = /[ \t\r\n]/;
const START = /<([^\s/>"'<=&]+)/y;
const ATTRIBUTE = /[ \t\r\n]+([^\s/>"'<=&]+)[ \t\r\n]*=[ \t\r\n]*("[^"<]*"|'[^'<]*')/y;
const START_END = /[ \t\r\n]*(\/?)>/y;
const END = /<\/([^\s/>"'<=&]+)[ \t\r\n]*>/y;
const XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace";

type Scope = ReadonlyMap<string, string>;
/** An element whose end was not read yet. Its children are given to it when it was: until then its end is not known. */
interface Open {
  readonly name: string;
  readonly source: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly scope: Scope;
  readonly children: XmlNode[];
}

/** Throws XmlError. */
export function parseXml(text: string): XmlDocument {
  return new Parser(text).document();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #nodes = 0;

  constructor(text: string) {
    this.#text = text;
  }

  #fail(message: string, at = this.#at): never {
    throw new XmlError(message, at);
  }

  document(): XmlDocument {
    if (this.#text.length > XML_LIMITS.characters) this.#fail("more text than the bound", XML_LIMITS.characters);
    const forbidden = forbiddenAt(this.#text);
    if (forbidden >= 0) this.#fail("a character that XML does not allow", forbidden);
    if (this.#text.startsWith("\ufeff")) this.#at = 1;
    this.#outside();
    const before = this.#text.slice(0, this.#at);
    const root = this.#root();
    const end = this.#at;
    this.#outside();
    if (this.#at < this.#text.length) this.#fail("something after the root");
    return { root, before, after: this.#text.slice(end) };
  }

  /** White space, comments and instructions around the root. */
  #outside(): void {
    for (;;) {
      while (BLANK.test(this.#text[this.#at] ?? "")) this.#at += 1;
      const piece = this.#piece();
      if (!piece) return;
      if (piece.kind === "cdata") this.#fail("text outside the root");
    }
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }

  #root(): XmlElement {
    const stack: Open[] = [];
    for (;;) {
      const parent = stack.at(-1);
      if (parent && this.#characters(parent)) continue;
      const piece = this.#piece();
      if (piece) {
        parent!.children.push(piece);
        continue;
      }
      const closed = this.#text.startsWith("</", this.#at) ? this.#end(stack) : this.#start(stack);
      if (!closed) continue;
      if (stack.length === 0) return closed;
      stack.at(-1)!.children.push(closed);
    }
  }

  #count(): void {
    this.#nodes += 1;
    if (this.#nodes > XML_LIMITS.nodes) this.#fail("more nodes than the bound");
  }

  #characters(parent: Open): boolean {
    const next = this.#text.indexOf("<", this.#at);
    if (next < 0) this.#fail("an element without its end");
    if (next === this.#at) return false;
    const raw = this.#text.slice(this.#at, next);
    if (raw.includes("]]>")) this.#fail("the end of a CDATA section without its start");
    if (raw.includes("&")) decodeText(raw, this.#at);
    this.#count();
    parent.children.push({ kind: "text", raw });
    this.#at = next;
    return true;
  }

  /** A comment, an instruction or CDATA here; null when there is none. */
  #piece(): XmlPiece | null {
    if (this.#text.startsWith("<!--", this.#at)) return this.#take("comment", 4, "--", "-->");
    if (this.#text.startsWith("<?", this.#at)) return this.#take("instruction", 2, "?>", "?>");
    if (this.#text.startsWith("<![CDATA[", this.#at)) return this.#take("cdata", 9, "]]>", "]]>");
    if (this.#text.startsWith("<!", this.#at)) this.#fail("a document type or declaration, which is refused");
    return null;
  }

  /** `stop` is the first thing that may not stand inside, `end` how it must go on there. */
  #take(kind: XmlPiece["kind"], skip: number, stop: string, end: string): XmlPiece {
    const inner = this.#text.indexOf(stop, this.#at + skip);
    if (inner < 0 || !this.#text.startsWith(end, inner)) this.#fail(`a ${kind} that does not end well`);
    const raw = this.#text.slice(this.#at, inner + end.length);
    this.#count();
    this.#at += raw.length;
    return { kind, raw };
  }

  /** The element when it is empty; null when it is now open. */
  #start(stack: Open[]): XmlElement | null {
    const from = this.#at;
    const name = this.#match(START)?.[1] ?? this.#fail("not an element");
    if (!isName(name)) this.#fail("not a name", from);
    if (stack.length >= XML_LIMITS.depth) this.#fail("deeper than the bound", from);
    const attributes = this.#attributes();
    const end = this.#match(START_END) ?? this.#fail("a start that does not end well");
    const scope = scopeOf(attributes, stack.at(-1)?.scope ?? new Map());
    const open = { name, source: this.#text.slice(from, this.#at), attributes, scope, children: [] };
    this.#count();
    if (end[1] === "/") return this.#close(open, "");
    stack.push(open);
    return null;
  }

  #attributes(): Map<string, string> {
    const attributes = new Map<string, string>();
    for (let found = this.#match(ATTRIBUTE); found; found = this.#match(ATTRIBUTE)) {
      const [, name, quoted] = found as unknown as [string, string, string];
      if (!isName(name)) this.#fail("not a name");
      if (attributes.has(name)) this.#fail("an attribute that is there twice");
      if (attributes.size >= XML_LIMITS.attributes) this.#fail("more attributes than the bound");
      attributes.set(name, decodeAttribute(quoted.slice(1, -1), this.#at));
    }
    return attributes;
  }

  #end(stack: Open[]): XmlElement {
    const from = this.#at;
    const name = this.#match(END)?.[1] ?? this.#fail("an end that is not one");
    const open = stack.pop();
    if (open?.name !== name) this.#fail("the end of another element", from);
    return this.#close(open, this.#text.slice(from, this.#at));
  }

  #close(open: Open, close: string): XmlElement {
    const prefix = open.name.includes(":") ? open.name.slice(0, open.name.indexOf(":")) : "";
    const namespace = prefix === "xml" ? XML_NAMESPACE : (open.scope.get(prefix) ?? null);
    if (prefix !== "" && namespace === null) this.#fail("a prefix that is not declared");
    const element = new XmlElement(open.name, open.attributes, namespace || null, { open: open.source, close });
    return element.replaceChildren(open.children);
  }
}

function scopeOf(attributes: ReadonlyMap<string, string>, outer: Scope): Scope {
  let scope: Map<string, string> | null = null;
  for (const [name, value] of attributes) {
    if (name !== "xmlns" && !name.startsWith("xmlns:")) continue;
    scope ??= new Map(outer);
    scope.set(name.slice(6), value);
  }
  return scope ?? outer;
}
