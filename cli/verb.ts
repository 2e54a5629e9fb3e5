// What a verb is: its help and its options as a table, its code loaded only when it runs.
import { parseArgs } from "node:util";
import { usage } from "./failure.ts";

export interface Option {
  readonly type: "string" | "boolean";
  /** The word for its value in the help. */
  readonly value?: string;
  readonly help: string;
  readonly multiple?: boolean;
  /** One letter that stands for it. */
  readonly short?: string;
}

export interface Verb {
  readonly summary: string;
  /** What may follow `farhand`. */
  readonly usage: readonly string[];
  readonly options: Readonly<Record<string, Option>>;
  /** A command, and what it does. */
  readonly examples: readonly (readonly [string, string])[];
  readonly notes?: readonly string[];
  readonly load: () => Promise<{ readonly run: (input: Input) => Promise<void> }>;
}

export const JSON_OPTION = { json: { type: "boolean", help: "answer as JSON" } } as const;
export const LIMIT_OPTION = { limit: { type: "string", value: "N", help: "how many at most (default 50)" } } as const;

/** A command line, read by its verb's table. */
export class Input {
  readonly words: readonly string[];
  /** What stands after `--`; null without one. */
  readonly rest: readonly string[] | null;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(words: readonly string[], rest: readonly string[] | null, values: Readonly<Record<string, unknown>>) {
    this.words = words;
    this.rest = rest;
    this.#values = values;
  }

  text(name: string): string | undefined {
    return this.#values[name] as string | undefined;
  }

  list(name: string): readonly string[] {
    return (this.#values[name] as string[] | undefined) ?? [];
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** Names of the options that were given. */
  get given(): readonly string[] {
    return Object.keys(this.#values);
  }

  get json(): boolean {
    return this.flag("json");
  }

  /** The word at `index`, or a failure that says what it would be. */
  need(index: number, what: string): string {
    const word = this.words[index];
    if (word === undefined || word === "") throw usage(`${what} is missing; see --help.`);
    return word;
  }

  /** Refuses more words than `count`. */
  atMost(count: number): void {
    if (this.words.length > count) throw usage(`${this.words[count]} is one word too many; see --help.`);
  }

  /** A whole number of milliseconds from `500ms`, `30s`, `5m`, `2h`, `1d`. */
  durationMs(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const [, digits, unit] = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text) ?? [];
    if (!digits || !unit) throw usage(`--${name} ${text} is not a duration: write 500ms, 30s, 5m, 2h or 1d.`);
    return Number(digits) * { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit]!;
  }

  /** A whole number from 1. */
  count(name: string, fallback: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    if (!/^[1-9]\d{0,6}$/.test(text)) throw usage(`--${name} ${text} is not a number from 1.`);
    return Number(text);
  }
}

export function readInput(verb: Verb, argv: readonly string[]): Input {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  const options = Object.fromEntries(
    Object.entries(verb.options).map(([name, { type, multiple = false, short }]) => [
      name,
      { type, multiple, ...(short === undefined ? {} : { short }) },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...own], options, allowPositionals: true, strict: true });
    return new Input(positionals, end < 0 ? null : argv.slice(end + 1), values);
  } catch (error) {
    throw usage(`${(error as Error).message.split(". ")[0]}; see --help.`);
  }
}

export function helpOf(name: string, verb: Verb): string {
  const lines = [verb.summary, "", ...verb.usage.map((line) => `  farhand ${line}`)];
  const options = Object.entries(verb.options).map(
    ([option, { value, short, help }]) => [`${short ? `-${short}, ` : ""}--${option}${value ? ` ${value}` : ""}`, help] as const,
  );
  const width = Math.max(0, ...options.map(([left]) => left.length));
  if (options.length > 0) lines.push("", "Options", ...options.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`));
  if (verb.notes) lines.push("", ...verb.notes);
  const examples = Math.max(0, ...verb.examples.map(([command]) => command.length));
  lines.push("", "Examples", ...verb.examples.map(([command, does]) => `  ${command.padEnd(examples)}  # ${does}`));
  return `farhand ${name}: ${lines.join("\n")}\n`;
}
