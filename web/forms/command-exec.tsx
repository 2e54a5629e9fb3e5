// command.exec: any program with its arguments. No shell is involved, so there is nothing to quote.
import { useState } from "preact/hooks";
import { escapePointer, textOf, withValue, type FormProps, type Spec } from "./contract.ts";
import { TextField } from "./field.tsx";

const argvOf = (spec: Spec): string[] => (Array.isArray(spec["argv"]) ? spec["argv"].map(String) : []);

/** Pure: `NAME=value` lines; what is no such line is kept as a name without a value, and the server says so. */
export function environmentOf(text: string): Record<string, string> | undefined {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) return undefined;
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf("=");
      return at === -1 ? [line.trim(), ""] : [line.slice(0, at).trim(), line.slice(at + 1)];
    }),
  );
}

function Surroundings({ spec, onChange, errorsAt }: FormProps) {
  const [environment, setEnvironment] = useState("");
  const names = Object.keys((spec["env"] as Spec | undefined) ?? {});
  const environmentErrors = names.flatMap((name) => errorsAt(`/env/${escapePointer(name)}`).map((message) => `${name}: ${message}`));
  const set = (name: string, text: string) => onChange(withValue(spec, name, text === "" ? undefined : text));
  const typed = (text: string) => {
    setEnvironment(text);
    onChange(withValue(spec, "env", environmentOf(text)));
  };
  return (
    <details class="fold">
      <summary>Folder, environment, standard input</summary>
      <TextField
        label="Folder"
        hint="Absolute path"
        isCode
        value={textOf(spec["cwd"])}
        errors={errorsAt("/cwd")}
        onInput={(text) => set("cwd", text)}
      />
      <TextField
        label="Environment"
        hint="NAME=value, one a line. Treated as secret: never stored or shown."
        isCode
        rows={3}
        value={environment}
        errors={[...errorsAt("/env"), ...environmentErrors]}
        onInput={typed}
      />
      <TextField
        label="Standard input"
        hint="Treated as secret: never stored or shown."
        isCode
        rows={3}
        value={textOf(spec["stdin"])}
        errors={errorsAt("/stdin")}
        onInput={(text) => set("stdin", text)}
      />
    </details>
  );
}

export function CommandExecForm(props: FormProps) {
  const { spec, onChange, errorsAt } = props;
  const [program = "", ...rest] = argvOf(spec);
  const [lines, setLines] = useState(rest.join("\n"));
  const argv = (first: string, text: string) => onChange(withValue(spec, "argv", [first, ...(text === "" ? [] : text.split("\n"))]));
  const argumentErrors = rest.flatMap((_argument, index) =>
    errorsAt(`/argv/${index + 1}`).map((message) => `line ${index + 1} ${message}`),
  );
  const typed = (text: string) => {
    setLines(text);
    argv(program, text);
  };
  return (
    <>
      <TextField
        label="Program"
        isRequired
        isCode
        placeholder="/usr/bin/systemctl"
        value={program}
        errors={[...errorsAt("/argv"), ...errorsAt("/argv/0")]}
        onInput={(text) => argv(text, lines)}
      />
      <TextField
        label="Arguments"
        hint="One a line, as they are: no shell reads them, so nothing needs quotes."
        isCode
        rows={4}
        value={lines}
        errors={argumentErrors}
        onInput={typed}
      />
      <Surroundings {...props} />
    </>
  );
}
