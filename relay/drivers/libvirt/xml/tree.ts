// A tree of XML that gives back every byte of what was not changed: each piece keeps its source until it is. Finding and
// changing; reading from text is in parse.ts. Names are as written, prefix included.
import { decodeText, encodeAttribute, encodeText, XmlError } from "./text.ts";

const NAME = /^[A-Za-z_\u0080-\uffff][\w.\-\u00b7\u0080-\uffff]*(:[A-Za-z_\u0080-\uffff][\w.\-\u00b7\u0080-\uffff]*)?$/;

export function isName(name: string): boolean {
  return NAME.test(name);
}

/** Text, CDATA, a comment or an instruction, as it stands in the source. */
export interface XmlPiece {
  readonly kind: "text" | "cdata" | "comment" | "instruction";
  readonly raw: string;
}

export type XmlNode = XmlElement | XmlPiece;

/** Start and end of an element as they stand in the source; `close` is empty for `<a/>`. */
export interface TagSource {
  readonly open: string;
  readonly close: string;
}

export class XmlElement {
  readonly kind = "element";
  readonly name: string;
  /** The URI that the name's prefix (or the default) stands for; null without. */
  readonly namespace: string | null;
  readonly #attributes: Map<string, string>;
  readonly #children: XmlNode[];
  #source: TagSource | null;

  /** Without a source it is written in libvirt's style. */
  constructor(
    name: string,
    attributes: Iterable<readonly [string, string]> = [],
    namespace: string | null = null,
    source: TagSource | null = null,
  ) {
    if (source === null && !isName(name)) throw new XmlError("not a name", 0);
    this.name = name;
    this.namespace = namespace;
    this.#attributes = new Map(attributes);
    this.#children = [];
    this.#source = source;
  }

  get attributes(): ReadonlyMap<string, string> {
    return this.#attributes;
  }

  get children(): readonly XmlNode[] {
    return this.#children;
  }

  attribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }

  /** null takes it away. Setting what it already is changes nothing. */
  setAttribute(name: string, value: string | null): this {
    if ((this.#attributes.get(name) ?? null) === value) return this;
    if (!isName(name)) throw new XmlError("not a name", 0);
    if (value === null) this.#attributes.delete(name);
    else this.#attributes.set(name, value);
    this.#source = null;
    return this;
  }

  /** Child elements, of that name or all. */
  elements(name?: string): XmlElement[] {
    return this.#children.filter((child): child is XmlElement => child.kind === "element" && (name === undefined || child.name === name));
  }

  /** The first child element that a path such as `os/loader` leads to. */
  find(path: string): XmlElement | null {
    return path.split("/").reduce<XmlElement | null>((found, name) => found?.elements(name)[0] ?? null, this);
  }

  /** The child element of a namespace and local name: what another tool's prefix is called does not matter. */
  findIn(namespace: string, local: string): XmlElement | null {
    return this.elements().find((child) => child.namespace === namespace && child.name.split(":").at(-1) === local) ?? null;
  }

  /** The first child of that name; made at the end where there is none. */
  ensure(name: string): XmlElement {
    return this.find(name) ?? this.append(new XmlElement(name));
  }

  /** Text and CDATA directly in it. */
  get text(): string {
    return this.#children
      .map((child) => (child.kind === "text" ? decodeText(child.raw, 0) : child.kind === "cdata" ? child.raw.slice(9, -3) : ""))
      .join("");
  }

  /** Replaces everything in it; the same text changes nothing. */
  setText(value: string): this {
    if (this.text === value && this.elements().length === 0) return this;
    return this.replaceChildren([{ kind: "text", raw: encodeText(value) }]);
  }

  replaceChildren(children: readonly XmlNode[]): this {
    this.#children.splice(0, Infinity, ...children);
    return this;
  }

  append(child: XmlElement): XmlElement {
    this.#children.push(child);
    return child;
  }

  /** Puts `child` behind `before`, or first when that is null. */
  insertAfter(before: XmlElement | null, child: XmlElement): XmlElement {
    const index = before === null ? -1 : this.#children.indexOf(before);
    if (before !== null && index < 0) throw new XmlError("not a child of this element", 0);
    this.#children.splice(index + 1, 0, child);
    return child;
  }

  /** Takes a child away, with the white space before it. False when it is not one. */
  remove(child: XmlElement): boolean {
    const index = this.#children.indexOf(child);
    if (index < 0) return false;
    const before = this.#children[index - 1];
    const isBlank = before?.kind === "text" && before.raw.trim() === "";
    this.#children.splice(isBlank ? index - 1 : index, isBlank ? 2 : 1);
    return true;
  }

  /** A deep copy that shares nothing. */
  clone(): XmlElement {
    const copy = new XmlElement(this.name, this.#attributes, this.namespace, this.#source);
    return copy.replaceChildren(this.#children.map((child) => (child.kind === "element" ? child.clone() : child)));
  }

  toString(): string {
    const inner = this.#children.map((child) => (child.kind === "element" ? child.toString() : child.raw)).join("");
    if (this.#source && this.#source.close !== "") return this.#source.open + inner + this.#source.close;
    if (this.#source && inner === "") return this.#source.open;
    const attributes = [...this.#attributes].map(([name, value]) => ` ${name}='${encodeAttribute(value)}'`).join("");
    return inner === "" ? `<${this.name}${attributes}/>` : `<${this.name}${attributes}>${inner}</${this.name}>`;
  }
}

export interface XmlDocument {
  readonly root: XmlElement;
  /** What stands before and after the root, as it is. */
  readonly before: string;
  readonly after: string;
}

export function writeXml({ before, root, after }: XmlDocument): string {
  return before + root.toString() + after;
}
