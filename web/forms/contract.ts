// What a form of an operation gets and gives: the specification as it is typed, and what the server said about its fields.
import type { ComponentType } from "preact";
import type { Host } from "../../protocol/api/shapes.ts";
import type { FieldProblem } from "../api/client.ts";
import type { Operation } from "../api/session.ts";

export type Spec = Readonly<Record<string, unknown>>;
export interface FormProps {
  readonly host: Host;
  readonly operation: Operation;
  readonly spec: Spec;
  readonly onChange: (spec: Spec) => void;
  /** Messages for a field: a JSON pointer below the specification (`/inputs/unit`). */
  readonly errorsAt: (pointer: string) => readonly string[];
}
export type OperationForm = ComponentType<FormProps>;

/** Pointers of the server start at the request's body. */
export const SPEC = "/resource_spec";

/** Of a field, and of what lies within it where `deep`. */
export function messagesAt(errors: readonly FieldProblem[], pointer: string, deep = false): string[] {
  const whole = SPEC + pointer;
  return errors.filter((error) => error.pointer === whole || (deep && error.pointer.startsWith(`${whole}/`))).map(({ message }) => message);
}

export const escapePointer = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** The specification with one value set; undefined takes it out. */
export function withValue(spec: Spec, name: string, value: unknown): Spec {
  const { [name]: _before, ...rest } = spec;
  return value === undefined ? rest : { ...rest, [name]: value };
}

/** What a text field shows of a value. */
export const textOf = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");
