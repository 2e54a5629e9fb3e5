// The tables of relay.toml that this driver owns: [commands.NAME] and [command]. What can be wrong with a declaration is
// refused when the file is read, with the place; nothing is left for the run but the caller's values.
import { isAbsolute } from "node:path";
import * as z from "zod";
import { checkInputs, inputDeclarationsSchema, type InputDeclaration, type InputDeclarations } from "../../../protocol/inputs.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { inputsIn, wholeInput } from "./template.ts";

const noNul = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\0]*$/, "must not contain NUL");

/**
 * `{input}` stands for a whole argument of `argv`, and anywhere inside `stdin` and the values of `env`. A value reaches
 * the program unchanged as one argument, also when it begins with a dash: a `pattern` should exclude a leading dash
 * where the program would read it as an option. Patterns run on the host against at most 16 KiB; one that backtracks
 * without bound stalls this relay.
 */
const commandSchema = z.strictObject({
  argv: z.array(noNul(LIMITS.argBytes)).min(1).max(LIMITS.argvItems),
  description: z.string().max(300).optional(),
  timeout_ms: z.int().min(1).max(LIMITS.jobTimeoutMaxMs).optional(),
  stdin: z.string().max(LIMITS.stdinBytes).optional(),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/), noNul(LIMITS.argBytes)).optional(),
  cwd: noNul(4096)
    .refine((path) => isAbsolute(path), "must be an absolute path")
    .optional(),
  /** Two commands with the same lock never run at once on this host. */
  lock: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "must be lower-case letters, digits, dots and dashes")
    .optional(),
  inputs: inputDeclarationsSchema.optional(),
});
export type CommandDeclaration = z.infer<typeof commandSchema>;

interface Finding {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly remedy: string;
}

function patternError(pattern: string): string | null {
  try {
    // Alone first: `a)|(?:b` would close the group that anchors it.
    void [new RegExp(pattern, "u"), new RegExp(`^(?:${pattern})$`, "u")];
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const ONLY_FOR: Record<string, InputDeclaration["type"]> = { pattern: "string", minimum: "integer", maximum: "integer", choices: "choice" };

function* declarationFindings(name: string, declared: InputDeclaration): Generator<Finding> {
  const path = ["inputs", name] as const;
  for (const [field, type] of Object.entries(ONLY_FOR))
    if (Object.hasOwn(declared, field) && declared.type !== type)
      yield { path: [...path, field], message: `is for inputs of type "${type}"`, remedy: "Remove it, or change the type." };
  if (declared.type === "choice" && declared.choices === undefined)
    yield { path, message: "has no choices", remedy: 'Add choices = ["…", "…"].' };
  if (declared.choices?.some((choice) => choice.includes("\0")))
    yield { path: [...path, "choices"], message: "must not contain NUL", remedy: "Remove it." };
  const bad = declared.pattern === undefined ? null : patternError(declared.pattern);
  if (bad !== null) yield { path: [...path, "pattern"], message: bad, remedy: "Correct the regular expression (JavaScript, flag u)." };
  else yield* defaultFindings(name, declared);
}

function* defaultFindings(name: string, declared: InputDeclaration): Generator<Finding> {
  const path = ["inputs", name, "default"];
  if (declared.default === undefined) return;
  if (declared.secret)
    yield { path, message: "a secret has no default", remedy: "Remove it: a default is shown to everyone who may see the host." };
  const [error] = checkInputs({}, { [name]: declared }, "", true).errors;
  if (error) yield { path, message: `the default ${error.message}`, remedy: "Make the default obey the input's own declaration." };
}

function* argumentFindings(argv: readonly string[], inputs: InputDeclarations): Generator<Finding> {
  for (const [index, argument] of argv.entries()) {
    const path = ["argv", index];
    const whole = wholeInput(argument);
    const inside = inputsIn(argument);
    if (index === 0 && (argument === "" || inside.length > 0))
      yield { path, message: "the program must be fixed text", remedy: "Name the program; inputs fill its arguments." };
    else if (whole === null && inside.length > 0)
      yield {
        path,
        message: `{${inside[0]}} fills whole arguments only`,
        remedy: `Make "{${inside[0]}}" an argument of its own, or let a script put them together.`,
      };
    else if (whole !== null && !Object.hasOwn(inputs, whole)) yield undeclared(path, whole);
    else if (whole !== null && inputs[whole]?.secret)
      yield {
        path,
        message: `the secret {${whole}} would be seen in the process list`,
        remedy: `Pass it by stdin = "{${whole}}\\n" or env = { NAME = "{${whole}}" }.`,
      };
  }
}

function undeclared(path: Finding["path"], name: string): Finding {
  return { path, message: `{${name}} is not a declared input`, remedy: `Declare it under inputs.${name}, or remove it.` };
}

function* templateFindings(path: string[], text: string | undefined, inputs: InputDeclarations): Generator<Finding> {
  for (const name of inputsIn(text ?? "")) if (!Object.hasOwn(inputs, name)) yield undeclared(path, name);
}

function* findings(command: CommandDeclaration): Generator<Finding> {
  const inputs = command.inputs ?? {};
  if (Object.keys(inputs).length > LIMITS.inputs)
    yield { path: ["inputs"], message: `has more than ${LIMITS.inputs} inputs`, remedy: "Use fewer." };
  for (const [name, declared] of Object.entries(inputs)) yield* declarationFindings(name, declared);
  yield* argumentFindings(command.argv, inputs);
  yield* templateFindings(["stdin"], command.stdin, inputs);
  for (const [name, value] of Object.entries(command.env ?? {})) yield* templateFindings(["env", name], value, inputs);
}

const CATALOGUE_BYTES = 512 * 1024;

/** [commands.NAME]. Issues carry `params.remedy`. */
export const commandsSchema = z
  .record(
    z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and dashes, beginning with a letter"),
    commandSchema.superRefine((command, context) => {
      for (const { path, message, remedy } of findings(command))
        context.addIssue({ code: "custom", path: [...path], message, params: { remedy } });
    }),
  )
  .superRefine((commands, context) => {
    const issue = (message: string) =>
      context.addIssue({ code: "custom", message, params: { remedy: "Use fewer or smaller declarations." } });
    if (Object.keys(commands).length > LIMITS.commands) issue(`has more than ${LIMITS.commands} commands`);
    // They travel in the hello, one message of at most LIMITS.controlMessageBytes.
    const bytes = Object.values(commands).reduce((sum, command) => sum + JSON.stringify(command.inputs ?? {}).length, 0);
    if (bytes > CATALOGUE_BYTES) issue(`declares inputs of more than ${CATALOGUE_BYTES} bytes in all`);
  });
export type CommandDeclarations = z.infer<typeof commandsSchema>;

/** [command] */
export const commandTableSchema = z.strictObject({ exec: z.boolean().default(false) });
