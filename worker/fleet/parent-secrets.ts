// Which values of a fan-out's specification are secret: those of the schema, and the inputs that a target's commands declare so.
import { findOperation, type OperationName } from "../../protocol/operations/index.ts";
import { secretsOf } from "../../protocol/operations/define.ts";
import { escapePointer } from "../../protocol/secret.ts";
import type { Catalogue } from "../../protocol/link/control.ts";

const COMMAND_RUN: OperationName = "command.run";

/** Pointers into the spec. A host whose catalogue is not known yet makes every input secret. */
export function fanOutSecrets(
  operation: string,
  spec: Record<string, unknown>,
  catalogues: readonly (Pick<Catalogue, "commands"> | null)[],
): string[] {
  const definition = findOperation(operation);
  if (!definition) return [];
  const own = secretsOf(definition, spec);
  if (operation !== COMMAND_RUN) return own;
  const { name, inputs } = spec as { name: string; inputs?: Record<string, unknown> };
  const isSecret = (input: string) =>
    catalogues.some((catalogue) => {
      if (catalogue === null) return true;
      const declared = Object.hasOwn(catalogue.commands, name) ? catalogue.commands[name]!.inputs : {};
      return Object.hasOwn(declared, input) && declared[input]?.secret === true;
    });
  const secret = Object.keys(inputs ?? {}).filter(isSecret);
  return [...own, ...secret.map((input) => `/inputs/${escapePointer(input)}`)];
}
