// One field of a form: label, hint, what the server says is wrong with it, tied together for screen readers.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Prose } from "../parts/states.tsx";

export interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly isRequired?: boolean;
  readonly errors?: readonly string[];
}

interface Wiring {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": boolean;
}

export function Field({
  label,
  hint,
  isRequired = false,
  errors = [],
  children,
}: FieldProps & { readonly children: (wiring: Wiring) => ComponentChildren }) {
  const id = useId();
  const described = [hint ? `${id}-hint` : "", errors.length > 0 ? `${id}-error` : ""].filter(Boolean).join(" ");
  return (
    <div class={errors.length > 0 ? "field wrong" : "field"}>
      <label for={id}>
        {label}
        {isRequired && <span class="soft"> required</span>}
      </label>
      {children({ id, "aria-describedby": described === "" ? undefined : described, "aria-invalid": errors.length > 0 })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          <Prose text={hint} />
        </p>
      )}
      {errors.length > 0 && (
        <p class="field-error" id={`${id}-error`} role="alert">
          {errors.join("; ")}
        </p>
      )}
    </div>
  );
}

interface TextProps extends FieldProps {
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly isSecret?: boolean;
  readonly placeholder?: string;
  /** More than one: an area that grows by hand. */
  readonly rows?: number;
  readonly isCode?: boolean;
}

/** Programs' words: no phone may correct or capitalise them. */
const VERBATIM = { autocomplete: "off", autocapitalize: "none", autocorrect: "off", spellcheck: false } as const;

export function TextField({ value, onInput, isSecret = false, placeholder = "", rows = 1, isCode = false, ...field }: TextProps) {
  const input = (event: { readonly currentTarget: { readonly value: string } }) => onInput(event.currentTarget.value);
  const shared = { ...VERBATIM, value, placeholder, onInput: input, required: field.isRequired ?? false, class: isCode ? "code" : "" };
  return (
    <Field {...field}>
      {(wiring) =>
        rows > 1 ? (
          <textarea {...wiring} {...shared} rows={rows} />
        ) : isSecret ? (
          <input {...wiring} {...shared} type="password" autocomplete="new-password" />
        ) : (
          <input {...wiring} {...shared} type="text" />
        )
      }
    </Field>
  );
}

interface SelectProps extends FieldProps {
  readonly value: string;
  readonly choices: readonly (string | readonly [value: string, title: string])[];
  readonly onChoose: (value: string) => void;
}

export function SelectField({ value, choices, onChoose, ...field }: SelectProps) {
  return (
    <Field {...field}>
      {(wiring) => (
        <select {...wiring} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
          {choices.map((choice) => {
            const [item, title] = typeof choice === "string" ? [choice, choice] : choice;
            return (
              <option key={item} value={item}>
                {title}
              </option>
            );
          })}
        </select>
      )}
    </Field>
  );
}

interface CheckProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly checked: boolean;
  readonly onCheck: (checked: boolean) => void;
  readonly errors?: readonly string[];
}

export function CheckField({ label, hint, checked, onCheck, errors = [] }: CheckProps) {
  const id = useId();
  return (
    <div class="field check">
      <label>
        <input
          type="checkbox"
          checked={checked}
          aria-describedby={hint || errors.length > 0 ? `${id}-more` : undefined}
          onChange={(event) => onCheck(event.currentTarget.checked)}
        />
        <span>{label}</span>
      </label>
      {(hint || errors.length > 0) && (
        <p class={errors.length > 0 ? "field-error" : "hint"} id={`${id}-more`}>
          {errors.length > 0 ? errors.join("; ") : hint}
        </p>
      )}
    </div>
  );
}
