// Where a value comes from: `-` is standard input, `@FILE` a file, else the text itself. One newline at the end is dropped, so
// that `echo secret |` gives the secret.
import { readFileSync } from "node:fs";
import { CliFailure, EXIT, usage } from "./failure.ts";

let stdinTakenBy: string | null = null;

function readAll(source: 0 | string, what: string): string {
  try {
    return readFileSync(source, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new CliFailure(EXIT.failed, `${what} cannot be read: ${(error as Error).message}`);
  }
}

/** `name` is what the value is for; standard input serves one value only. */
export function readValue(text: string, name: string): string {
  if (text === "-") {
    if (stdinTakenBy !== null) throw usage(`Standard input is read for ${stdinTakenBy} already; give ${name} with @FILE.`);
    stdinTakenBy = name;
    return readAll(0, `standard input for ${name}`);
  }
  return text.startsWith("@") && text.length > 1 ? readAll(text.slice(1), `the file for ${name}`) : text;
}

/** As {@link readValue}, but never from the command line itself: others see it in a process list. */
export function readSecret(text: string, option: string): string {
  if (text !== "-" && !text.startsWith("@"))
    throw usage(`${option} takes - (standard input) or @FILE: what stands on a command line is seen in process lists.`);
  const secret = readValue(text, option);
  if (secret === "") throw usage(`${option}: nothing was read.`);
  return secret;
}
