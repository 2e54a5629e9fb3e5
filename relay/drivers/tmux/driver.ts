// The driver of the operations terminal.* and of interactive terminals: the relay's own tmux. What may run here is for relay.toml to
// say; this file turns what tmux answers into results.
import { accessSync, constants, statSync } from "node:fs";
import { platform } from "node:os";
import { join } from "node:path";
import { LIMITS } from "../../../protocol/limits.ts";
import { allows, type RelayConfig } from "../../config.ts";
import { readStat } from "../../proc.ts";
import type { Driver, DriverHealth, Handler, HandlerResult } from "../contract.ts";
import { refuse } from "../refusal.ts";
import { openTerminal } from "./interactive.ts";
import { capture, save } from "./reading.ts";
import { openNewFile, Recording } from "./recording.ts";
import { LIMIT_REACHED, Sessions, target, type Found, type Pane, type Program } from "./sessions.ts";
import { Tmux, type TmuxRefusal } from "./tmux.ts";
import { releaseWatches, useWatches, type Watches } from "./watch.ts";

type Operations = `terminal.${"list" | "create" | "split" | "send" | "capture" | "save" | "resize" | "kill" | "record"}`;
export type TerminalConfig = Pick<RelayConfig, "file" | "allow" | "exec" | "commands" | "terminal" | "stateDir">;

/** tmux takes a command in one message of 16 KiB. */
const PROGRAM_BYTES = 12 * 1024;

export const refusalOf = (refusal: TmuxRefusal): HandlerResult => {
  if (refusal.kind === "gone") return refuse("TERMINAL_NOT_FOUND", refusal.message);
  return refusal.message === LIMIT_REACHED ? refuse("TERMINAL_LIMIT") : refuse("TERMINAL_FAILED", refusal.message);
};
const done = (message: string, data: unknown): HandlerResult => ({ status: "success", message, data });
const placeOf = ({ terminal, pane, columns, rows }: Pane) => ({ terminal, pane, columns, rows });

export interface Parts {
  readonly config: TerminalConfig;
  readonly tmux: Tmux;
  readonly sessions: Sessions;
  readonly saveDir: string;
  readonly watches: () => Watches;
}

/** The shell that the file names, that of the relay's user, or the one that is everywhere. */
function shellOf(config: TerminalConfig): string {
  const wanted = config.terminal.shell ?? process.env["SHELL"] ?? "/bin/sh";
  try {
    accessSync(wanted, constants.X_OK);
    return wanted;
  } catch {
    return config.terminal.shell ?? "/bin/sh";
  }
}

/** The program of a spec, or why it may not run here. */
function programOf(config: TerminalConfig, spec: { argv?: string[] | undefined; cwd?: string | undefined }): Program | HandlerResult {
  if (spec.argv && !config.exec)
    return refuse(
      "EXEC_DISABLED",
      `A program of your own needs exec = true under [command] in ${config.file}; without argv the shell starts.`,
    );
  const texts = [...(spec.argv ?? []), spec.cwd ?? ""];
  if (!texts.every((text) => text.isWellFormed()))
    return refuse("SPEC_INVALID", undefined, [{ pointer: "/resource_spec/argv", message: "must be valid Unicode" }]);
  if (texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0) > PROGRAM_BYTES)
    return refuse("SPEC_INVALID", undefined, [
      { pointer: "/resource_spec/argv", message: `must be at most ${PROGRAM_BYTES} bytes in all` },
    ]);
  if (spec.cwd !== undefined && !statSync(spec.cwd, { throwIfNoEntry: false })?.isDirectory())
    return refuse("SPEC_INVALID", undefined, [{ pointer: "/resource_spec/cwd", message: "must be a directory of the host" }]);
  return { argv: spec.argv ?? null, cwd: spec.cwd ?? null };
}

async function listed({ sessions, watches }: Parts): Promise<HandlerResult> {
  const all = await sessions.list();
  if (!all.ok) return refusalOf(all);
  const terminals = await Promise.all(
    [...Map.groupBy(all.value, ({ terminal }) => terminal).values()].map(async (panes) => {
      const { terminal, known, window } = panes[0]!;
      return {
        terminal,
        ...known,
        ...window,
        viewers: watches().viewersOf(terminal),
        panes: await Promise.all(
          panes.map(async ({ pane, columns, rows, pid }) => ({
            pane,
            columns,
            rows,
            pid,
            running: (await readStat(pid))?.name ?? "",
            recording: watches().peek(terminal, pane)?.recording?.path ?? null,
          })),
        ),
      };
    }),
  );
  return done(`${terminals.length} terminal${terminals.length === 1 ? "" : "s"}.`, { terminals });
}

function create({ sessions, config }: Parts): Handler<"terminal.create"> {
  return async (spec, context) => {
    const program = programOf(config, spec);
    if ("status" in program) return program;
    const made = await sessions.create({
      ...program,
      title: spec.title ?? "",
      createdBy: context.request.metadata.requested_by,
      columns: spec.columns,
      rows: spec.rows,
    });
    return made.ok ? done("The terminal runs.", placeOf(made.value)) : refusalOf(made);
  };
}

/** Looks for the pane, then does something with it. */
function onPane<S extends { terminal: string; pane?: number | undefined }>(
  { sessions }: Parts,
  work: (pane: Pane, spec: S, context: Parameters<Handler<Operations>>[1]) => Promise<HandlerResult>,
) {
  return async (spec: S, context: Parameters<Handler<Operations>>[1]): Promise<HandlerResult> => {
    const found = await sessions.find(spec.terminal, spec.pane);
    return found.ok ? work(found.value, spec, context) : refusalOf(found);
  };
}

const split = (parts: Parts): Handler<"terminal.split"> =>
  onPane(parts, async (pane, spec: Parameters<Handler<"terminal.split">>[0]) => {
    const program = programOf(parts.config, spec);
    if ("status" in program) return program;
    const made = await parts.sessions.split(pane, spec.direction, program);
    return made.ok ? done("The terminal is split.", placeOf(made.value)) : refusalOf(made);
  });

/** The text goes by standard input and a buffer: as bytes, unseen in a process list. */
const send = ({ tmux, ...parts }: Parts): Handler<"terminal.send"> =>
  onPane({ tmux, ...parts }, async ({ terminal, pane }, spec: Parameters<Handler<"terminal.send">>[0], { request, signal }) => {
    const text = Buffer.from(spec.text ?? "", "utf8");
    const at = ["-t", `%${pane}`];
    const buffer = `farhand-${request.metadata.job_id}`;
    const paste = [
      ["load-buffer", "-b", buffer, "-"],
      ["paste-buffer", "-d", "-r", "-b", buffer, ...at],
    ];
    const commands = [...(text.length > 0 ? paste : []), ...(spec.keys ? [["send-keys", ...at, ...spec.keys]] : [])];
    const answer = commands.length > 0 ? await tmux.run(commands, { stdin: text, signal }) : { ok: true as const };
    return answer.ok ? done("It was typed.", { terminal, pane, bytes: text.length }) : refusalOf(answer);
  });

const captured = (parts: Parts): Handler<"terminal.capture"> =>
  onPane(parts, async (pane, spec: Parameters<Handler<"terminal.capture">>[0], { signal }) => {
    const found = await capture(parts.tmux, pane, spec.scrollback, spec.escapes, signal);
    if (!found.ok) return refusalOf(found);
    const { facts, text, truncated } = found.value;
    return done(truncated ? "The last 64 KiB of its text." : "Its text.", {
      terminal: pane.terminal,
      pane: pane.pane,
      columns: facts.pane_width,
      rows: facts.pane_height,
      text,
      truncated,
      cursor_column: facts.cursor_x,
      cursor_row: facts.cursor_y,
      alternate: facts.alternate_on === 1,
    });
  });

const saved = (parts: Parts): Handler<"terminal.save"> =>
  onPane(parts, async (pane, { file, escapes }: Parameters<Handler<"terminal.save">>[0], { signal }) => {
    const found = await save(parts.tmux, pane, { dir: parts.saveDir, file, escapes, signal });
    if (!found.ok) return refusalOf(found);
    if ("exists" in found.value) return refuse("FILE_EXISTS", `${found.value.exists} is there already.`);
    if ("failed" in found.value) return refuse("TERMINAL_FAILED", found.value.failed);
    return done("The text was saved.", { terminal: pane.terminal, ...found.value });
  });

const resized =
  ({ sessions }: Parts): Handler<"terminal.resize"> =>
  async ({ terminal, columns, rows }) => {
    const found = await sessions.resize(terminal, columns, rows);
    return found.ok ? done("It has a new size.", placeOf(found.value)) : refusalOf(found);
  };

const killed =
  ({ sessions }: Parts): Handler<"terminal.kill"> =>
  async ({ terminal, pane }) => {
    const all = await sessions.panes(terminal);
    if (!all.ok) return refusalOf(all);
    const chosen = pane === undefined ? all.value : all.value.filter((one) => one.pane === pane);
    if (chosen.length === 0) return refuse("TERMINAL_NOT_FOUND", `The terminal has no pane ${pane}.`);
    const isWhole = chosen.length === all.value.length;
    const command = isWhole ? ["kill-session", "-t", target(terminal)] : ["kill-pane", "-t", `%${pane}`];
    const ended: Found<null> = await sessions.kill(chosen, command);
    return ended.ok ? done(isWhole ? "The terminal ended." : "The pane ended.", { terminal, ended: isWhole }) : refusalOf(ended);
  };

const recorded = (parts: Parts): Handler<"terminal.record"> =>
  onPane(parts, async (pane, spec: Parameters<Handler<"terminal.record">>[0]) => {
    const place = { terminal: pane.terminal, pane: pane.pane };
    if (spec.action === "start") return startRecording(parts, pane, spec.file!);
    const recording = await parts.watches().peek(pane.terminal, pane.pane)?.stopRecording();
    if (!recording) return refuse("TERMINAL_FAILED", "This terminal is not recorded.");
    const { path, bytes, truncated } = recording;
    return done("The recording is whole.", { ...place, path, recording: false, bytes, truncated });
  });

async function startRecording({ watches, saveDir }: Parts, pane: Pane, file: string): Promise<HandlerResult> {
  if (watches().peek(pane.terminal, pane.pane)?.recording) return refuse("TERMINAL_FAILED", "This terminal is recorded already.");
  if (watches().recordings >= LIMITS.terminalRecordings)
    return refuse("TERMINAL_FAILED", `${LIMITS.terminalRecordings} recordings go on already.`);
  const opened = await openNewFile(saveDir, file);
  if ("exists" in opened) return refuse("FILE_EXISTS", `${opened.exists} is there already.`);
  if ("failed" in opened) return refuse("TERMINAL_FAILED", opened.failed);
  const view = watches().view(pane);
  if (view.recording) {
    opened.stream.destroy();
    return refuse("TERMINAL_FAILED", "This terminal is recorded already.");
  }
  const recording = new Recording({ ...opened, columns: pane.columns, rows: pane.rows, title: pane.known.title });
  view.record(recording);
  return done("The recording goes on until it is stopped.", {
    terminal: pane.terminal,
    pane: pane.pane,
    path: recording.path,
    recording: true,
    bytes: recording.bytes,
    truncated: false,
  });
}

/** tmux is looked for at the start; nothing runs until somebody makes a terminal. */
export function createTmuxDriver(
  config: TerminalConfig,
): Driver<Operations> & { readonly openTerminal: NonNullable<Driver["openTerminal"]> } {
  const { terminal } = config;
  const stateDir = config.stateDir ?? "";
  const tmux = new Tmux(stateDir, terminal.scrollback);
  const sessions = new Sessions({ tmux, shell: shellOf(config), max: terminal.max });
  let health: DriverHealth = { available: false, detail: `off: set enabled = true under [terminal] in ${config.file}` };
  let watches: Watches | null = null;
  const parts: Parts = {
    config,
    tmux,
    sessions,
    saveDir: terminal.save_dir ?? join(stateDir, "terminals"),
    watches: () => (watches ??= useWatches(tmux)),
  };
  return {
    name: "tmux",
    handlers: {
      "terminal.list": () => listed(parts),
      "terminal.create": create(parts),
      "terminal.split": split(parts),
      "terminal.send": send(parts),
      "terminal.capture": captured(parts),
      "terminal.save": saved(parts),
      "terminal.resize": resized(parts),
      "terminal.kill": killed(parts),
      "terminal.record": recorded(parts),
    },
    openTerminal: openTerminal(parts, (use) => allows(config, use)),
    async start() {
      if (!terminal.enabled) return;
      if (platform() === "win32" || stateDir === "") {
        health = { available: false, detail: stateDir === "" ? "there is no state directory" : "there is no tmux for Windows" };
        return;
      }
      const problem = await tmux.prepare();
      const saying = `terminals by tmux, with ${shellOf(config)}; any other program: ${config.exec ? "enabled" : "off"}`;
      health = problem === null ? { available: true, detail: saying } : { available: false, detail: problem.slice(0, 300) };
    },
    stop() {
      if (watches) releaseWatches(tmux);
      watches = null;
      return Promise.resolve();
    },
    health: () => health,
  };
}
