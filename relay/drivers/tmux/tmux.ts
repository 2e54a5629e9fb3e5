// Runs tmux on the relay's own socket and configuration: one command a process, typed refusals. The user's own tmux is never
// touched. Text of callers reaches tmux in ways that it does not expand: as a whole argument of a program, or as base64.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { baseEnvironment } from "../../environment.ts";
import { runProcess } from "../../exec.ts";

/** `gone`: no server, no session or no pane of that name. */
export type TmuxRefusal = { readonly kind: "gone" | "refused" | "absent"; readonly message: string };
export type TmuxOutcome = { readonly ok: true; readonly stdout: Buffer } | ({ readonly ok: false } & TmuxRefusal);

/** sun_path holds 108 bytes, and tmux wants some of them for its lock. */
const SOCKET_CHARS = 100;
const RUN_MS = 10_000;
const OUTPUT_BYTES = 96 * 1024 * 1024;

/**
 * A line each; nothing here is chosen by a caller. `window-size manual` as a default crashes tmux 3.3a: it is set with each size.
 * A pane that ends stays for half a second: tmux 3.3a tells its control clients nothing more of one whose program has ended, not even
 * what it wrote last. The new name of the window is how they hear of it.
 */
const configText = (scrollback: number) => `# Written by farhand-relay at each start: changes are lost.
set -s escape-time 0
set -s exit-empty on
set -s set-clipboard off
set -s focus-events off
set -g default-terminal "xterm-256color"
set -g history-limit ${scrollback}
set -g status off
set -g set-titles off
set -g mouse off
set -g bell-action none
set -g visual-activity off
set -g visual-silence off
set -g detach-on-destroy on
set -g destroy-unattached off
set -g lock-after-time 0
set -g update-environment ""
set -g prefix None
set -g prefix2 None
set -gw allow-rename off
set -gw automatic-rename off
set -gw alternate-screen on
set -gw remain-on-exit on
set -gw remain-on-exit-format ""
set-hook -g pane-died "run-shell -b -C 'rename-window -t #{hook_pane} ended' ; run-shell -b -d 0.5 -C 'kill-pane -t #{hook_pane}'"
set -gw monitor-activity off
`;

/** A closing semicolon would end the command: tmux takes the backslash away again. */
const guarded = (argument: string) => (argument.endsWith(";") ? `${argument.slice(0, -1)}\\;` : argument);

export class Tmux {
  readonly environment: Readonly<Record<string, string>> = { ...baseEnvironment(), TERM: "xterm-256color" };
  readonly #dir: string;
  readonly #scrollback: number;

  constructor(stateDir: string, scrollback: number) {
    this.#dir = join(stateDir, "tmux");
    this.#scrollback = scrollback;
  }

  get socket(): string {
    return join(this.#dir, "socket");
  }

  /** Why it cannot be used here, or null after the configuration was written. */
  async prepare(): Promise<string | null> {
    const { socket } = this;
    if (Buffer.byteLength(socket) > SOCKET_CHARS)
      return `the path ${socket} is longer than ${SOCKET_CHARS} bytes: choose a shorter state_dir`;
    const version = await this.#version();
    if ("problem" in version) return version.problem;
    try {
      await mkdir(this.#dir, { recursive: true, mode: 0o700 });
      await writeFile(join(this.#dir, "tmux.conf"), configText(this.#scrollback), { mode: 0o600 });
      return null;
    } catch (error) {
      return `${this.#dir} cannot be written (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`;
    }
  }

  async #version(): Promise<{ problem: string } | { major: number }> {
    const answer = await this.#spawn(["tmux", "-V"], "", AbortSignal.timeout(RUN_MS));
    if (!answer.ok) return { problem: "tmux is not installed: `apt-get install tmux`, then restart the relay" };
    const text = answer.stdout.toString("utf8").trim().slice(0, 40);
    const [, major, minor] = /^tmux (?:next-)?(\d+)\.(\d+)/.exec(text) ?? [];
    if (major === undefined || Number(major) * 100 + Number(minor) < 302) return { problem: `${text} is too old: 3.2 or newer is needed` };
    return { major: Number(major) };
  }

  /** The argv of a client of this server; commands come behind it. `-u`: what it writes is UTF-8 whatever the locale. */
  argv(...command: readonly string[]): string[] {
    return ["tmux", "-u", "-S", this.socket, "-f", join(this.#dir, "tmux.conf"), ...command];
  }

  /** Several commands: one after the other without anything in between, until one is refused. */
  async run(commands: readonly (readonly string[])[], options: { stdin?: Uint8Array; signal?: AbortSignal } = {}): Promise<TmuxOutcome> {
    const argv = commands.flatMap((command, index) => [...(index === 0 ? [] : [";"]), ...command.map(guarded)]);
    const deadline = AbortSignal.timeout(RUN_MS);
    const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
    return this.#spawn(this.argv(...argv), options.stdin ?? "", signal);
  }

  async #spawn(argv: readonly string[], stdin: string | Uint8Array, signal: AbortSignal): Promise<TmuxOutcome> {
    const stdout: Uint8Array[] = [];
    let bytes = 0;
    let stderr = "";
    const end = await runProcess({
      argv,
      env: this.environment,
      stdin,
      // Whatever it starts outlives this relay: that is what a terminal is for.
      marker: null,
      signal,
      output: (stream, piece) => {
        bytes += piece.length;
        if (bytes > OUTPUT_BYTES) throw new Error("tmux wrote too much");
        if (stream === "stdout") stdout.push(piece);
        else stderr += Buffer.from(piece).toString("utf8");
        return undefined;
      },
    }).catch((error: unknown) => ({ started: false as const, message: (error as Error).message }));
    if (!end.started) return { ok: false, kind: "absent", message: end.message };
    if (end.exitCode === 0) return { ok: true, stdout: Buffer.concat(stdout) };
    return { ok: false, ...refusalOf(stderr.trim(), signal.aborted) };
  }
}

const GONE = /^(no server running|error connecting|no sessions|no current|can't find (session|pane|window)|server exited|lost server)/;

/** tmux's own words, as a driver's refusal. */
export function refusalOf(stderr: string, wasAborted = false): TmuxRefusal {
  if (wasAborted) return { kind: "refused", message: "tmux did not answer in time." };
  const message = `tmux: ${stderr.slice(0, 300) || "it failed without a word"}`;
  return { kind: GONE.test(stderr) ? "gone" : "refused", message };
}
