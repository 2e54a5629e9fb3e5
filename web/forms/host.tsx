// host.*: little to ask.
import { textOf, withValue, type FormProps } from "./contract.ts";
import { SelectField, TextField } from "./field.tsx";

export function HostProcessesForm({ spec, onChange, errorsAt }: FormProps) {
  return (
    <>
      <SelectField
        label="Sort by"
        value={textOf(spec["sort"]) || "memory"}
        choices={[
          ["memory", "memory"],
          ["cpu", "processor time"],
        ]}
        errors={errorsAt("/sort")}
        onChoose={(sort) => onChange(withValue(spec, "sort", sort))}
      />
      <TextField
        label="How many"
        hint="1 to 200"
        placeholder="20"
        value={textOf(spec["limit"])}
        errors={errorsAt("/limit")}
        onInput={(text) => onChange(withValue(spec, "limit", text === "" ? undefined : /^\d+$/.test(text) ? Number(text) : text))}
      />
    </>
  );
}

export const NothingToAsk = () => <p class="soft">There is nothing to fill in.</p>;
