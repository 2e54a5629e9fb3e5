// command.run: which command of the host's file, and its declared inputs.
import { useEffect } from "preact/hooks";
import type { InputDeclaration } from "../../protocol/inputs.ts";
import { Empty } from "../parts/states.tsx";
import { escapePointer, textOf, withValue, type FormProps, type Spec } from "./contract.ts";
import { CheckField, SelectField, TextField } from "./field.tsx";

const inputsOf = (spec: Spec): Spec => (typeof spec["inputs"] === "object" && spec["inputs"] !== null ? (spec["inputs"] as Spec) : {});

function hintOf({ description, type, minimum, maximum, pattern, secret }: InputDeclaration): string {
  const bounds =
    type !== "integer"
      ? ""
      : minimum !== undefined && maximum !== undefined
        ? `${minimum} to ${maximum}`
        : minimum !== undefined
          ? `at least ${minimum}`
          : maximum !== undefined
            ? `at most ${maximum}`
            : "";
  return [description ?? "", bounds, pattern === undefined ? "" : `like ${pattern}`, secret ? "secret: never stored or shown" : ""]
    .filter(Boolean)
    .join(" · ");
}

interface InputProps {
  readonly name: string;
  readonly declared: InputDeclaration;
  readonly value: unknown;
  readonly errors: readonly string[];
  readonly onChange: (value: unknown) => void;
}

function Input({ name, declared, value, errors, onChange }: InputProps) {
  const field = { label: name, hint: hintOf(declared), errors };
  const isRequired = declared.default === undefined;
  if (declared.type === "boolean") return <CheckField {...field} checked={(value ?? declared.default) === true} onCheck={onChange} />;
  if (declared.type === "choice") {
    const choices = declared.choices ?? [];
    const shown = textOf(value ?? declared.default);
    const none = isRequired ? [["", "Choose…"] as const] : [];
    return (
      <SelectField
        {...field}
        isRequired={isRequired}
        value={shown}
        choices={[...none, ...choices]}
        onChoose={(text) => onChange(text === "" ? undefined : text)}
      />
    );
  }
  const placeholder = declared.default === undefined ? "" : `${String(declared.default)} if left empty`;
  const isNumber = declared.type === "integer";
  const typed = (text: string) => onChange(text === "" ? undefined : isNumber && /^-?\d+$/.test(text) ? Number(text) : text);
  return (
    <TextField
      {...field}
      isRequired={isRequired}
      isSecret={declared.secret ?? false}
      value={textOf(value)}
      placeholder={placeholder}
      onInput={typed}
    />
  );
}

/** A required yes-or-no is no until someone says yes. */
function withBooleans(inputs: Spec, declared: Readonly<Record<string, InputDeclaration>>): Spec {
  const missing = Object.entries(declared).filter(
    ([name, { type, default: usual }]) => type === "boolean" && usual === undefined && inputs[name] === undefined,
  );
  return { ...Object.fromEntries(missing.map(([name]) => [name, false])), ...inputs };
}

export function CommandRunForm({ host, spec, onChange, errorsAt }: FormProps) {
  const commands = host.capabilities?.commands ?? {};
  const names = Object.keys(commands);
  const name = textOf(spec["name"]);
  useEffect(() => {
    // The command stands in the address: it was not chosen here.
    const full = withBooleans(inputsOf(spec), commands[name]?.inputs ?? {});
    if (Object.keys(full).length > Object.keys(inputsOf(spec)).length) onChange({ ...spec, inputs: full });
  }, [name]);
  if (names.length === 0)
    return (
      <Empty title="The host declares no commands">
        <p>
          Declare one as <code>[commands.NAME]</code> in its relay.toml.
        </p>
      </Empty>
    );
  const declared = Object.hasOwn(commands, name) ? commands[name]!.inputs : {};
  const inputs = inputsOf(spec);
  const change = (input: string, value: unknown) => {
    const next = withBooleans(withValue(inputs, input, value), declared);
    onChange(withValue(spec, "inputs", Object.keys(next).length === 0 ? undefined : next));
  };
  const choose = (chosen: string) => {
    const next = withBooleans({}, commands[chosen]?.inputs ?? {});
    onChange({ name: chosen, ...(Object.keys(next).length === 0 ? {} : { inputs: next }) });
  };
  return (
    <>
      <SelectField
        label="Command"
        hint={commands[name]?.description}
        value={name}
        choices={[...(name === "" ? [["", "Choose…"] as const] : []), ...(name === "" || names.includes(name) ? names : [name, ...names])]}
        errors={errorsAt("/name")}
        onChoose={choose}
      />
      {Object.entries(declared).map(([input, declaration]) => (
        <Input
          key={`${name} ${input}`}
          name={input}
          declared={declaration}
          value={inputs[input]}
          errors={errorsAt(`/inputs/${escapePointer(input)}`)}
          onChange={(value) => change(input, value)}
        />
      ))}
    </>
  );
}
