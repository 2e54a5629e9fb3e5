// The fallback for operations without a form of their own: one field for each property of the JSON Schema.
import { useState } from "preact/hooks";
import { isSupported, servedValues } from "../../protocol/abilities.ts";
import { escapePointer, textOf, withValue, type FormProps } from "./contract.ts";
import { CheckField, SelectField, TextField } from "./field.tsx";

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly secret?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly maxLength?: number;
}
/** Longer texts get an area. */
const LONG_CHARS = 5_000;

const titleOf = (name: string) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

function hintOf({ description, minimum, maximum, secret }: Schema): string {
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  const bounds = minimum !== undefined && isBounded ? `${minimum} to ${maximum}` : isBounded ? `at most ${maximum}` : "";
  return [description ?? "", bounds, secret ? "secret: never stored or shown" : ""].filter(Boolean).join(" · ");
}

interface PropertyProps {
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
  readonly value: unknown;
  readonly errors: readonly string[];
  readonly onChange: (value: unknown) => void;
}

/** Anything else is typed as JSON; what is not JSON goes as text, and the server says what it wanted. */
function JsonProperty({
  value,
  onChange,
  ...field
}: Pick<PropertyProps, "value" | "onChange"> & { label: string; hint: string; errors: readonly string[]; isRequired: boolean }) {
  const [text, setText] = useState(value === undefined ? "" : JSON.stringify(value, null, 2));
  const typed = (next: string) => {
    setText(next);
    try {
      onChange(next.trim() === "" ? undefined : (JSON.parse(next) as unknown));
    } catch {
      onChange(next);
    }
  };
  return <TextField {...field} hint={[field.hint, "JSON"].filter(Boolean).join(" · ")} isCode rows={4} value={text} onInput={typed} />;
}

function Property({ name, schema, isRequired, value, errors, onChange }: PropertyProps) {
  const field = { label: titleOf(name), hint: hintOf(schema), errors, isRequired };
  if (schema.enum) {
    const choices = schema.enum.map(String);
    const none = schema.default === undefined ? [["", isRequired ? "Choose…" : "not set"] as const] : [];
    return (
      <SelectField
        {...field}
        value={textOf(value ?? schema.default)}
        choices={[...none, ...choices]}
        onChoose={(text) => onChange(text === "" ? undefined : text)}
      />
    );
  }
  if (schema.type === "boolean") return <CheckField {...field} checked={(value ?? schema.default) === true} onCheck={onChange} />;
  if (schema.type === "integer" || schema.type === "number") {
    const typed = (text: string) => onChange(text === "" ? undefined : Number.isFinite(Number(text)) ? Number(text) : text);
    return <TextField {...field} value={textOf(value)} placeholder={textOf(schema.default)} onInput={typed} />;
  }
  if (schema.type === "string") {
    const isLong = !schema.secret && (schema.maxLength ?? 0) > LONG_CHARS;
    return (
      <TextField
        {...field}
        isSecret={schema.secret ?? false}
        rows={isLong ? 3 : 1}
        value={textOf(value)}
        placeholder={textOf(schema.default)}
        onInput={(text) => onChange(text === "" ? undefined : text)}
      />
    );
  }
  if (schema.type === "array" && schema.items?.type === "string") {
    const lines = Array.isArray(value) ? value.join("\n") : "";
    return (
      <TextField
        {...field}
        hint={[field.hint, "one a line"].filter(Boolean).join(" · ")}
        rows={3}
        value={lines}
        onInput={(text) => onChange(text === "" ? undefined : text.split("\n"))}
      />
    );
  }
  return <JsonProperty {...field} value={value} onChange={onChange} />;
}

/** Without what the host's hypervisor has no place for. */
function placed({ host, operation }: Pick<FormProps, "host" | "operation">, schema: Schema): [name: string, property: Schema][] {
  const all = Object.entries(schema.properties ?? {});
  const virtual = host.capabilities?.virtual ?? null;
  if (!virtual || !isVirtual(operation.name)) return all;
  return all
    .filter(([name]) => isSupported(virtual, name, operation.name))
    .map(([name, property]) => [
      name,
      property.enum ? { ...property, enum: servedValues(virtual, name, property.enum.map(String)) } : property,
    ]);
}

/** Whether a hypervisor's words are about its fields. */
const isVirtual = (operation: string): boolean => /^(vm|disk|nic|snapshot|iso)\./.test(operation);

export function SchemaForm({ host, operation, spec, onChange, errorsAt }: FormProps) {
  const schema = operation.resource_spec as Schema;
  const properties = placed({ host, operation }, schema);
  if (properties.length === 0) return <p class="soft">There is nothing to fill in.</p>;
  return (
    <>
      {properties.map(([name, property]) => (
        <Property
          key={name}
          name={name}
          schema={property}
          isRequired={(schema.required ?? []).includes(name) && property.default === undefined}
          value={spec[name]}
          errors={errorsAt(`/${escapePointer(name)}`)}
          onChange={(value) => onChange(withValue(spec, name, value))}
        />
      ))}
    </>
  );
}
