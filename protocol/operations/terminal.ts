// Terminals that live on a host, in a tmux of the relay's own: they go on while nobody watches and while the relay restarts.
// Interactive ones travel by lane (protocol/link/lane.ts); these are the operations beside it.
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { secret } from "../secret.ts";
import { defineOperation } from "./define.ts";

/** `t-` and a ULID in lower case. */
export const terminalIdSchema = z
  .string()
  .regex(/^t-[0-7][0-9a-hjkmnp-tv-z]{25}$/)
  .meta({ description: "of terminal.list" });

const paneSchema = z.int().min(0).max(999_999_999).meta({ description: "of terminal.list; absent: the terminal's first" });
const columns = z.int().min(2).max(LIMITS.terminalColumns);
const rows = z.int().min(2).max(LIMITS.terminalRows);
const title = z
  .string()
  .max(LIMITS.terminalTitleChars)
  .regex(/^\P{Cc}*$/u);

/** A name, not a path: it stands in the directory that the host's file names. */
const fileName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/)
  .meta({ description: "a new file in `save_dir` of the host's relay.toml; one that is there is never overwritten" });

const which = { terminal: terminalIdSchema, pane: paneSchema.optional() };

const program = {
  argv: z
    .array(
      z
        .string()
        .max(4096)
        .regex(/^[^\0]*$/),
    )
    .min(1)
    .max(256)
    .optional()
    .meta({ description: "instead of the shell; only where the host allows any program (`[command] exec = true`)" }),
  cwd: z
    .string()
    .max(4096)
    .regex(/^\/[^\0]*$/)
    .optional()
    .meta({ description: "absolute; absent: the home of the relay's user" }),
};

const programNamed = {
  name: "program-named",
  pointer: "/argv/0",
  message: "must name a program",
  holds: (spec: { argv?: string[] | undefined }) => spec.argv?.[0] !== "",
} as const;

/** Bytes of a text as UTF-8, without TextEncoder's copy. */
function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const char of text) {
    const point = char.codePointAt(0)!;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

/** A key by name: `Enter`, `C-c`, `M-x`, `S-Tab`, `F5`. */
const keySchema = z
  .string()
  .regex(
    /^((C-|M-|S-){1,3}([!-:<-~]|Space|Tab|Enter|Up|Down|Left|Right|Home|End|PageUp|PageDown|F([1-9]|1[0-2]))|Enter|Tab|BTab|Escape|Space|BSpace|Up|Down|Left|Right|Home|End|PageUp|PageDown|IC|DC|F([1-9]|1[0-2]))$/,
  );

/** What two jobs must not do at once to one terminal. */
const lock = (spec: { terminal: string }) => [`terminal:${spec.terminal}`];
const quick = { default: 15_000, max: 60_000 } as const;
const placed = z.object({ terminal: terminalIdSchema, pane: z.int().min(0), columns: z.int().min(1), rows: z.int().min(1) });

export const terminalList = defineOperation({
  name: "terminal.list",
  summary: "Terminals that live on the host, with size, viewers and recordings",
  risk: "read",
  idempotent: true,
  timeoutMs: { default: 10_000, max: 30_000 },
  spec: z.strictObject({}),
  data: z.object({
    terminals: z.array(
      z.object({
        terminal: terminalIdSchema,
        title: z.string(),
        command: z.string().meta({ description: "what it was made with" }),
        created_by: z.string().meta({ description: "the principal" }),
        created_at: z.string().meta({ format: "date-time" }),
        columns: z.int().min(1),
        rows: z.int().min(1),
        viewers: z.int().min(0).meta({ description: "interactive ones, at this moment" }),
        panes: z.array(
          z.object({
            pane: z.int().min(0),
            columns: z.int().min(1),
            rows: z.int().min(1),
            pid: z.int().min(0),
            running: z.string().meta({ description: "the name of its process" }),
            recording: z.string().nullable().meta({ description: "path on the host" }),
          }),
        ),
      }),
    ),
  }),
});

export const terminalCreate = defineOperation({
  name: "terminal.create",
  summary: "Start a terminal with the user's shell, or with a program where the host allows any",
  risk: "change",
  idempotent: false,
  timeoutMs: quick,
  spec: z.strictObject({
    title: title.optional(),
    columns: columns.default(80),
    rows: rows.default(24),
    ...program,
  }),
  rules: [programNamed],
  data: placed,
});

export const terminalSplit = defineOperation({
  name: "terminal.split",
  summary: "Split a terminal: a second shell beside or below in the same window",
  risk: "change",
  idempotent: false,
  timeoutMs: quick,
  locks: lock,
  spec: z.strictObject({ ...which, direction: z.enum(["beside", "below"]).default("below"), ...program }),
  rules: [programNamed],
  data: placed,
});

export const terminalSend = defineOperation({
  name: "terminal.send",
  summary: "Type into a terminal: text as it is, then keys by name",
  risk: "change",
  idempotent: false,
  timeoutMs: quick,
  locks: lock,
  spec: z.strictObject({
    ...which,
    text: secret(z.string().max(LIMITS.terminalSendBytes)).optional(),
    keys: z.array(keySchema).min(1).max(64).optional().meta({ description: "`Enter`, `C-c`, `Up`, `F5`, …; typed after the text" }),
  }),
  rules: [
    {
      name: "something-to-send",
      pointer: "/text",
      message: "text or keys must be given",
      holds: (spec) => spec.text !== undefined || spec.keys !== undefined,
    },
    {
      name: "text-bytes",
      pointer: "/text",
      message: `must be at most ${LIMITS.terminalSendBytes} bytes of UTF-8`,
      holds: (spec) => typeof spec.text !== "string" || utf8Bytes(spec.text) <= LIMITS.terminalSendBytes,
    },
  ],
  data: z.object({ terminal: terminalIdSchema, pane: z.int().min(0), bytes: z.int().min(0) }),
});

export const terminalCapture = defineOperation({
  name: "terminal.capture",
  summary: "The text on a terminal's screen, and lines above it",
  risk: "read",
  idempotent: true,
  timeoutMs: { default: 10_000, max: 30_000 },
  spec: z.strictObject({
    ...which,
    scrollback: z.int().min(0).max(LIMITS.terminalScrollback).default(0).meta({ description: "lines above the screen" }),
    escapes: z.boolean().default(false).meta({ description: "with colours as escape sequences" }),
  }),
  data: placed.extend({
    text: z.string().meta({ description: "the last 64 KiB, a line for each row" }),
    truncated: z.boolean(),
    cursor_column: z.int().min(0),
    cursor_row: z.int().min(0),
    alternate: z.boolean().meta({ description: "a program has the whole screen (an editor, a pager)" }),
  }),
});

export const terminalSave = defineOperation({
  name: "terminal.save",
  summary: "Write a terminal's screen and scrollback to a new file on the host",
  risk: "change",
  idempotent: false,
  timeoutMs: { default: 60_000, max: 300_000 },
  locks: lock,
  spec: z.strictObject({
    ...which,
    file: fileName,
    escapes: z.boolean().default(false).meta({ description: "with colours as escape sequences" }),
  }),
  data: z.object({
    terminal: terminalIdSchema,
    path: z.string(),
    lines: z.int().min(0),
    bytes: z.int().min(0),
    truncated: z.boolean().meta({ description: "64 MiB were reached" }),
  }),
});

export const terminalResize = defineOperation({
  name: "terminal.resize",
  summary: "Change a terminal's size",
  risk: "change",
  idempotent: true,
  timeoutMs: quick,
  locks: lock,
  spec: z.strictObject({ terminal: terminalIdSchema, columns, rows }),
  data: placed,
});

export const terminalKill = defineOperation({
  name: "terminal.kill",
  summary: "End a terminal with everything that runs in it, or one pane of it",
  risk: "destructive",
  idempotent: true,
  timeoutMs: quick,
  locks: lock,
  spec: z.strictObject(which),
  data: z.object({ terminal: terminalIdSchema, ended: z.boolean().meta({ description: "false: only a pane, the terminal goes on" }) }),
});

export const terminalRecord = defineOperation({
  name: "terminal.record",
  summary: "Record a terminal's output with its times (asciinema v2) to a new file on the host, or stop recording",
  risk: "change",
  idempotent: false,
  timeoutMs: quick,
  locks: lock,
  spec: z.strictObject({ ...which, action: z.enum(["start", "stop"]), file: fileName.optional() }),
  rules: [
    {
      name: "file-to-start",
      pointer: "/file",
      message: "is needed to start, and not to stop",
      holds: (spec) => (spec.action === "start") === (spec.file !== undefined),
    },
  ],
  data: z.object({
    terminal: terminalIdSchema,
    pane: z.int().min(0),
    path: z.string(),
    recording: z.boolean(),
    bytes: z.int().min(0),
    truncated: z.boolean().meta({ description: "64 MiB were reached: it ended by itself" }),
  }),
});
