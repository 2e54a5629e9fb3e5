// The table of relay.toml that this driver owns: [terminal]. Off unless the file turns it on.
import { isAbsolute } from "node:path";
import * as z from "zod";
import { LIMITS } from "../../../protocol/limits.ts";

const absolute = z
  .string()
  .max(4096)
  .regex(/^[^\0]*$/, "must not contain NUL")
  .refine((path) => isAbsolute(path), "must be an absolute path");

export const terminalTableSchema = z.strictObject({
  enabled: z.boolean().default(false),
  /** The program of a new terminal, started as a login shell (`-l`). Absent: `$SHELL` of the relay's user, else /bin/sh. */
  shell: absolute.optional(),
  /** Where terminal.save and terminal.record write. Absent: `terminals` in the state directory. */
  save_dir: absolute.optional(),
  /** Lines above the screen that each terminal keeps. */
  scrollback: z.int().min(0).max(LIMITS.terminalScrollback).default(5_000),
  /** Terminals at once. */
  max: z.int().min(1).max(LIMITS.terminals).default(LIMITS.terminals),
});
export type TerminalTable = z.infer<typeof terminalTableSchema>;
