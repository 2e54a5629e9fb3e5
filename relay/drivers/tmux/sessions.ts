// The sessions of the relay's tmux: made, found, split, resized and ended, each with what is known of it in an option of its own.
// tmux is asked each time: what it says is the truth, also after a restart of the relay or of tmux.
import { statSync } from "node:fs";
import { homedir } from "node:os";
import * as z from "zod";
import { idFactory } from "../../../protocol/ids.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { terminalIdSchema } from "../../../protocol/operations/terminal.ts";
import { endLeader } from "../../exec.ts";
import { readStat } from "../../proc.ts";
import { refusalOf, type Tmux, type TmuxRefusal } from "./tmux.ts";

/** What the relay keeps with a session, as base64url of JSON: tmux has nothing in it to expand. */
const knownSchema = z.strictObject({
  title: z.string().max(LIMITS.terminalTitleChars),
  command: z.string().max(400),
  created_by: z.string().max(400),
  created_at: z.string().max(40),
});
export type Known = z.infer<typeof knownSchema>;

export interface Pane {
  readonly terminal: string;
  readonly pane: number;
  readonly pid: number;
  readonly columns: number;
  readonly rows: number;
  /** Of the whole window. */
  readonly window: { readonly columns: number; readonly rows: number };
  readonly known: Known;
}

export interface Program {
  /** Null: the shell. */
  readonly argv: readonly string[] | null;
  /** Absolute; null: the user's home. */
  readonly cwd: string | null;
}

export interface NewSession extends Program {
  readonly title: string;
  readonly createdBy: string;
  readonly columns: number;
  readonly rows: number;
}

export type Found<T> = { readonly ok: true; readonly value: T } | ({ readonly ok: false } & TmuxRefusal);
const gone = (message: string): { ok: false } & TmuxRefusal => ({ ok: false, kind: "gone", message });
const UNKNOWN: Known = { title: "", command: "", created_by: "", created_at: new Date(0).toISOString() };
const FIELDS =
  "#{session_name},#{pane_id},#{pane_pid},#{pane_width},#{pane_height},#{window_width},#{window_height},#{pane_dead},#{@farhand}";

/** Fixed text; everything of the caller comes behind it as arguments. A tmux that the user starts inside is the user's own, not ours. */
const START = 'unset TMUX TMUX_PANE; cd -- "$0" || exit 127; exec "$@"';

const encodeKnown = (known: Known) => Buffer.from(JSON.stringify(known)).toString("base64url");

function decodeKnown(text: string): Known {
  try {
    const parsed = knownSchema.safeParse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
    return parsed.success ? parsed.data : UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}

function paneOf(line: string): Pane | null {
  const [name = "", id = "", pid, columns, rows, width, height, dead, known = ""] = line.split(",");
  if (!terminalIdSchema.safeParse(name).success || !/^%\d{1,9}$/.test(id) || dead === "1") return null;
  const number = (text: string | undefined) => Math.max(0, Math.trunc(Number(text)) || 0);
  return {
    terminal: name,
    pane: Number(id.slice(1)),
    pid: number(pid),
    columns: Math.max(1, number(columns)),
    rows: Math.max(1, number(rows)),
    window: { columns: Math.max(1, number(width)), rows: Math.max(1, number(height)) },
    known: decodeKnown(known),
  };
}

const byPane = (a: Pane, b: Pane) => (a.terminal === b.terminal ? a.pane - b.pane : a.terminal < b.terminal ? -1 : 1);
const panesIn = (stdout: Buffer) =>
  stdout
    .toString("utf8")
    .split("\n")
    .map(paneOf)
    .filter((pane) => pane !== null)
    .sort(byPane);

export const target = (terminal: string) => `=${terminal}:`;

export interface SessionsOptions {
  readonly tmux: Tmux;
  readonly shell: string;
  readonly max: number;
}

export class Sessions {
  readonly #tmux: Tmux;
  readonly #options: SessionsOptions;
  readonly #newId = idFactory(0);
  /** Makes wait for each other, so that the count holds. */
  #making: Promise<unknown> = Promise.resolve();

  constructor(options: SessionsOptions) {
    this.#tmux = options.tmux;
    this.#options = options;
  }

  /** Every pane of every terminal, by terminal and pane. No server: none. */
  async list(): Promise<Found<Pane[]>> {
    const answer = await this.#tmux.run([["list-panes", "-a", "-F", FIELDS]]);
    if (answer.ok) return { ok: true, value: panesIn(answer.stdout) };
    return answer.kind === "gone" ? { ok: true, value: [] } : answer;
  }

  /** A pane of a terminal; without a number its first. */
  async find(terminal: string, pane?: number): Promise<Found<Pane>> {
    const all = await this.panes(terminal);
    if (!all.ok) return all;
    const found = pane === undefined ? all.value[0] : all.value.find((one) => one.pane === pane);
    return found ? { ok: true, value: found } : gone(`The terminal ${terminal} has no pane ${pane ?? ""}.`);
  }

  async panes(terminal: string): Promise<Found<Pane[]>> {
    const answer = await this.#tmux.run([["list-panes", "-s", "-t", target(terminal), "-F", FIELDS]]);
    if (!answer.ok) return answer.kind === "gone" ? gone(`There is no terminal ${terminal} any more.`) : answer;
    const panes = panesIn(answer.stdout);
    return panes.length > 0 ? { ok: true, value: panes } : gone(`There is no terminal ${terminal} any more.`);
  }

  create(wanted: NewSession): Promise<Found<Pane>> {
    const made = this.#making.then(() => this.#create(wanted));
    this.#making = made.catch(() => undefined);
    return made;
  }

  async #create(wanted: NewSession): Promise<Found<Pane>> {
    const all = await this.list();
    if (!all.ok) return all;
    if (new Set(all.value.map(({ terminal }) => terminal)).size >= this.#options.max)
      return { ok: false, kind: "refused", message: LIMIT_REACHED };
    const terminal = `t-${this.#newId().toLowerCase()}`;
    const known: Known = {
      title: wanted.title,
      command: (wanted.argv ?? [this.#options.shell]).join(" ").slice(0, 400),
      created_by: wanted.createdBy.slice(0, 400),
      created_at: new Date().toISOString(),
    };
    const size = ["-x", String(wanted.columns), "-y", String(wanted.rows)];
    const answer = await this.#tmux.run([
      ["new-session", "-d", "-s", terminal, ...size, "-c", "/", ...this.#program(wanted)],
      ["set-option", "-t", target(terminal), "@farhand", encodeKnown(known)],
      ["resize-window", "-t", target(terminal), ...size],
      ["list-panes", "-t", target(terminal), "-F", FIELDS],
    ]);
    if (!answer.ok) return answer.kind === "gone" ? { ok: false, kind: "refused", message: ENDED_AT_ONCE } : answer;
    const [pane] = panesIn(answer.stdout);
    return pane ? { ok: true, value: pane } : { ok: false, kind: "refused", message: ENDED_AT_ONCE };
  }

  async split(from: Pane, direction: "beside" | "below", program: Program): Promise<Found<Pane>> {
    const answer = await this.#tmux.run([
      [
        "split-window",
        "-d",
        direction === "beside" ? "-h" : "-v",
        "-t",
        `%${from.pane}`,
        "-c",
        "/",
        "-P",
        "-F",
        FIELDS,
        ...this.#program(program),
      ],
    ]);
    if (!answer.ok) return answer;
    const [pane] = panesIn(answer.stdout);
    return pane ? { ok: true, value: pane } : { ok: false, kind: "refused", message: ENDED_AT_ONCE };
  }

  async resize(terminal: string, columns: number, rows: number): Promise<Found<Pane>> {
    const answer = await this.#tmux.run([["resize-window", "-t", target(terminal), "-x", String(columns), "-y", String(rows)]]);
    if (!answer.ok) return answer.kind === "gone" ? gone(`There is no terminal ${terminal} any more.`) : answer;
    return this.find(terminal);
  }

  /** Ends panes with everything that runs in them, also what ignores a hang-up. */
  async kill(panes: readonly Pane[], command: readonly string[]): Promise<Found<null>> {
    const before = await Promise.all(panes.map(({ pid }) => readStat(pid)));
    const answer = await this.#tmux.run([command]);
    if (!answer.ok && answer.kind !== "gone") return answer;
    await Promise.all(
      before.map(async (stat) => {
        const now = stat && (await readStat(stat.pid));
        // A leader that has ended may have left others in its session; a number that was given out again is not ours.
        if (stat && stat.session === stat.pid && (now === null || now.startTicks === stat.startTicks)) await endLeader(stat.pid);
      }),
    );
    return { ok: true, value: null };
  }

  #program({ argv, cwd }: Program): string[] {
    return ["/bin/sh", "-c", START, cwd ?? home(), ...(argv ?? [this.#options.shell, "-l"])];
  }
}

export const LIMIT_REACHED = "limit";
export const ENDED_AT_ONCE = "The terminal's program ended at once.";

function home(): string {
  const own = homedir();
  return statSync(own, { throwIfNoEntry: false })?.isDirectory() ? own : "/";
}

export { refusalOf };
