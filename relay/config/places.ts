// Where each key and value of a TOML document stands, so that a refusal can name line and column.
import { getStaticTOMLValue, type AST } from "toml-eslint-parser";

export interface Place {
  /** Both counted from 1. */
  readonly line: number;
  readonly column: number;
}

type Path = readonly (string | number)[];

const keyOf = (path: Path) => JSON.stringify(path);
const placeOf = (node: AST.HasLocs): Place => ({ line: node.loc.start.line, column: node.loc.start.column + 1 });

export class Places {
  readonly #keys = new Map<string, Place>();
  readonly #values = new Map<string, Place>();

  constructor(program: AST.TOMLProgram) {
    for (const node of program.body[0].body) {
      if (node.type === "TOMLKeyValue") this.#keyValue([], node);
      else this.#table(node);
    }
  }

  /** Of a key, or of the nearest thing around it that is written in the file. */
  ofKey(path: Path): Place {
    return this.#keys.get(keyOf(path)) ?? this.ofValue(path);
  }

  /** Of a value, or of the nearest thing around it; the start of the file at last. */
  ofValue(path: Path): Place {
    for (let length = path.length; length > 0; length--) {
      const key = keyOf(path.slice(0, length));
      const place = this.#values.get(key) ?? this.#keys.get(key);
      if (place) return place;
    }
    return { line: 1, column: 1 };
  }

  /** The first key that a JavaScript object cannot hold without harm; toml-eslint-parser would write through it. */
  reserved(): { readonly key: string; readonly place: Place } | null {
    for (const [path, place] of this.#keys) {
      const key: unknown = (JSON.parse(path) as unknown[]).at(-1);
      if (key === "__proto__" || key === "constructor" || key === "prototype") return { key, place };
    }
    return null;
  }

  #table(node: AST.TOMLTable): void {
    const path = node.resolvedKey;
    let at = 0;
    for (const [index, part] of path.entries()) {
      const key = keyOf(path.slice(0, index + 1));
      const written = typeof part === "number" ? node.key : node.key.keys[at++];
      if (!this.#keys.has(key)) this.#keys.set(key, placeOf(written ?? node.key));
    }
    for (const child of node.body) this.#keyValue(path, child);
  }

  #keyValue(base: Path, node: AST.TOMLKeyValue): void {
    let path: Path = base;
    for (const part of node.key.keys) {
      path = [...path, getStaticTOMLValue(part)];
      if (!this.#keys.has(keyOf(path))) this.#keys.set(keyOf(path), placeOf(part));
    }
    this.#value(path, node.value);
  }

  #value(path: Path, node: AST.TOMLContentNode): void {
    this.#values.set(keyOf(path), placeOf(node));
    if (node.type === "TOMLArray") for (const [index, element] of node.elements.entries()) this.#value([...path, index], element);
    if (node.type === "TOMLInlineTable") for (const child of node.body) this.#keyValue(path, child);
  }
}
