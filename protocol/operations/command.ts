// Running programs: those that the host's file names, and any argv where the file enables it.
import * as z from "zod";
import { inputValuesSchema } from "../inputs.ts";
import { LIMITS } from "../limits.ts";
import { secret } from "../secret.ts";
import { defineOperation } from "./define.ts";

const commandData = z.object({
  exit_code: z.int().nullable().meta({ description: "null when a signal ended it" }),
  signal: z.string().nullable(),
  stdout: z.string().meta({ description: "the last 64 KiB, lossy UTF-8; all of it at /jobs/{id}/output" }),
  stderr: z.string(),
  truncated: z.boolean().meta({ description: "stdout or stderr is longer than what is shown here" }),
  duration_ms: z.number().min(0),
});

export const commandRun = defineOperation({
  name: "command.run",
  summary: "Run a command that the host's relay.toml declares, with typed inputs",
  risk: "change",
  idempotent: false,
  timeoutMs: { default: 60_000, max: LIMITS.jobTimeoutMaxMs },
  spec: z.strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,62}$/)
      .meta({ description: "a command of the host" }),
    inputs: inputValuesSchema.optional(),
  }),
  data: commandData,
});

const argument = z
  .string()
  .max(LIMITS.argBytes)
  .regex(/^[^\0]*$/);

export const commandExec = defineOperation({
  name: "command.exec",
  summary: "Run any program, where the host's relay.toml enables it; no shell is involved",
  risk: "destructive",
  idempotent: false,
  timeoutMs: { default: 60_000, max: LIMITS.jobTimeoutMaxMs },
  spec: z.strictObject({
    argv: z.array(argument).min(1).max(LIMITS.argvItems),
    cwd: z
      .string()
      .max(4096)
      .regex(/^[^\0]+$/)
      .optional(),
    env: secret(z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/), argument)).optional(),
    stdin: secret(z.string().max(LIMITS.stdinBytes)).optional(),
  }),
  rules: [{ name: "program-named", pointer: "/argv/0", message: "must name a program", holds: (spec) => spec.argv[0] !== "" }],
  data: commandData,
});
