// A size: a number and its unit. A count.
import { Field, type FieldProps } from "./field.tsx";
import { UNITS, type Size, type Unit } from "./vm-values.ts";

interface SizeProps extends FieldProps {
  readonly value: Size;
  readonly onChange: (size: Size) => void;
}

export function SizeField({ value, onChange, ...field }: SizeProps) {
  return (
    <Field {...field}>
      {(wiring) => (
        <div class="size">
          <input
            {...wiring}
            type="text"
            inputMode="decimal"
            autocomplete="off"
            value={value.text}
            onInput={(event) => onChange({ ...value, text: event.currentTarget.value })}
          />
          <select
            aria-label={`Unit of ${field.label.toLowerCase()}`}
            value={value.unit}
            onChange={(event) => onChange({ ...value, unit: event.currentTarget.value as Unit })}
          >
            {Object.keys(UNITS).map((unit) => (
              <option key={unit} value={unit}>
                {unit}
              </option>
            ))}
          </select>
        </div>
      )}
    </Field>
  );
}

interface NumberProps extends FieldProps {
  readonly value: string;
  readonly placeholder?: string;
  readonly onInput: (text: string) => void;
}

/** A count: digits first on a phone's keyboard. */
export function NumberField({ value, onInput, placeholder = "", ...field }: NumberProps) {
  return (
    <Field {...field}>
      {(wiring) => (
        <input
          {...wiring}
          type="text"
          inputMode="numeric"
          autocomplete="off"
          placeholder={placeholder}
          value={value}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
