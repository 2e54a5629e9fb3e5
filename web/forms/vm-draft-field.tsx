// Fields of a virtual machine's forms, each bound to one field of the draft and one of the specification: there only where the
// hypervisor has a place for it, with what the server says of it.
import { servedValues } from "../../protocol/abilities.ts";
import { CheckField, SelectField, TextField } from "./field.tsx";
import type { Part } from "./vm-part.ts";
import { NumberField, SizeField } from "./vm-size.tsx";
import type { Size } from "./vm-values.ts";

type NamesOf<D, V> = { [K in keyof D]: [V, D[K]] extends [D[K], V] ? K : never }[keyof D] & string;

interface BoundProps<D, V> {
  readonly of: Part<D>;
  /** In the draft. */
  readonly name: NamesOf<D, V>;
  /** In the specification. */
  readonly field: string;
  readonly label: string;
  readonly hint?: string;
}

function bound<D, V>({ of, name, field, label, hint }: BoundProps<D, V>) {
  return {
    about: { label, hint, errors: of.errorsAt(`/${field}`) },
    isOffered: of.has(field),
    value: of.draft[name] as V,
    set: (value: V) => of.change({ [name]: value } as unknown as Partial<D>),
  };
}

interface TextProps<D> extends BoundProps<D, string> {
  readonly placeholder?: string;
  readonly isRequired?: boolean;
}

/** A program's word: a name, an address. */
export function DraftCode<D>({ placeholder = "", isRequired = false, ...props }: TextProps<D>) {
  const { about, isOffered, value, set } = bound(props);
  return isOffered && <TextField {...about} isCode isRequired={isRequired} placeholder={placeholder} value={value} onInput={set} />;
}

export function DraftNumber<D>({ placeholder = "", isRequired = false, ...props }: TextProps<D>) {
  const { about, isOffered, value, set } = bound(props);
  return isOffered && <NumberField {...about} isRequired={isRequired} placeholder={placeholder} value={value} onInput={set} />;
}

export function DraftSize<D>({ isRequired = false, ...props }: BoundProps<D, Size> & { readonly isRequired?: boolean }) {
  const { about, isOffered, value, set } = bound(props);
  return isOffered && <SizeField {...about} isRequired={isRequired} value={value} onChange={set} />;
}

interface SelectProps<D> extends BoundProps<D, string> {
  readonly choices: readonly (string | readonly [value: string, title: string])[];
}

export function DraftSelect<D>({ choices, ...props }: SelectProps<D>) {
  const { about, isOffered, value, set } = bound(props);
  return isOffered && <SelectField {...about} choices={choices} value={value} onChoose={set} />;
}

const USUAL = ["", "the usual one"] as const;

/** One of the contract's values of a field, of those that the host serves. Where there is but one, there is nothing to choose. */
export function DraftServed<D>({ values, ...props }: BoundProps<D, string> & { readonly values: readonly string[] }) {
  const { of, name, field } = props;
  const served = servedValues(of.virtual, field, values, of.firmware);
  const typed = of.draft[name] as string;
  if (served.length < 2 && (typed === "" || served.includes(typed))) return null;
  // What is typed stays shown, so that what is said about it has its place.
  const all = typed === "" || served.includes(typed) ? served : [...served, typed];
  return <DraftSelect {...props} choices={[USUAL, ...all]} />;
}

export function DraftCheck<D>(props: BoundProps<D, boolean>) {
  const { about, isOffered, value, set } = bound(props);
  return isOffered && <CheckField {...about} checked={value} onCheck={set} />;
}
