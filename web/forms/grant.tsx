// One grant as a form: a role, where it holds, what it covers, and for models which ones and through which surfaces.
import type { GrantScope } from "../../protocol/api/shapes.ts";
import type { ModelSurface } from "../../protocol/services.ts";
import { SelectField, TextField } from "./field.tsx";

const SURFACES: readonly (readonly [ModelSurface, string])[] = [
  ["openai", "OpenAI"],
  ["ollama", "Ollama"],
  ["ingest", "ingest"],
  ["lmstudio", "LM Studio"],
  ["service", "declared services"],
];

export interface GrantDraft {
  readonly role: GrantScope["role"];
  readonly where: "all" | "hosts" | "labels";
  readonly names: string;
  readonly covers: "all" | "models" | "reading" | "chosen";
  readonly operations: string;
  readonly models: string;
  readonly surfaces: readonly ModelSurface[];
}

export const FRESH_GRANT: GrantDraft = {
  role: "operator",
  where: "all",
  names: "",
  covers: "models",
  operations: "",
  models: "",
  surfaces: [],
};

const listOf = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** Pure: what is sent. */
export function scopeOf(draft: GrantDraft): GrantScope {
  const operations = { all: ["*"], models: ["model.use", "model.list"], reading: ["*"], chosen: listOf(draft.operations) }[draft.covers];
  const models = listOf(draft.models);
  return {
    role: draft.covers === "reading" ? "reader" : draft.role,
    ...(draft.where === "all"
      ? { hosts: ["*"] }
      : draft.where === "hosts"
        ? { hosts: listOf(draft.names) }
        : { labels: listOf(draft.names) }),
    operations,
    ...(models.length > 0 ? { models } : {}),
    ...(draft.surfaces.length > 0 ? { surfaces: [...draft.surfaces] } : {}),
  };
}

interface GrantFormProps {
  readonly draft: GrantDraft;
  readonly onChange: (draft: GrantDraft) => void;
  /** Messages for fields of this grant, and of what lies within them. */
  readonly errorsAt: (field: string) => readonly string[];
}

function Surfaces({ draft, onChange }: Pick<GrantFormProps, "draft" | "onChange">) {
  const toggle = (surface: ModelSurface, isOn: boolean) =>
    onChange({ ...draft, surfaces: isOn ? [...draft.surfaces, surface] : draft.surfaces.filter((one) => one !== surface) });
  return (
    <fieldset class="field">
      <legend>Through these surfaces only</legend>
      <div class="checks">
        {SURFACES.map(([surface, title]) => (
          <label key={surface}>
            <input
              type="checkbox"
              checked={draft.surfaces.includes(surface)}
              onChange={(event) => toggle(surface, event.currentTarget.checked)}
            />
            <span>{title}</span>
          </label>
        ))}
      </div>
      <p class="hint">None chosen: all of them.</p>
    </fieldset>
  );
}

type PartProps = GrantFormProps & { readonly change: (part: Partial<GrantDraft>) => void };

function What({ draft, change, errorsAt }: PartProps) {
  return (
    <>
      <SelectField
        label="It may"
        value={draft.covers}
        choices={[
          ["models", "use models"],
          ["reading", "read everything, change nothing"],
          ["chosen", "do chosen operations"],
          ["all", "do everything"],
        ]}
        onChoose={(covers) => change({ covers: covers as GrantDraft["covers"] })}
      />
      {draft.covers === "chosen" && (
        <TextField
          label="Operations"
          hint="Names or patterns: command.run, host.*, terminal.open, service.shenron"
          isRequired
          isCode
          value={draft.operations}
          errors={errorsAt("operations")}
          onInput={(operations) => change({ operations })}
        />
      )}
      {(draft.covers === "chosen" || draft.covers === "all") && (
        <SelectField
          label="Role"
          value={draft.role}
          choices={[
            ["reader", "reader: look, change nothing"],
            ["operator", "operator: run operations"],
            ["admin", "admin: administration too"],
          ]}
          errors={errorsAt("role")}
          onChoose={(role) => change({ role: role as GrantDraft["role"] })}
        />
      )}
    </>
  );
}

function Where({ draft, change, errorsAt }: PartProps) {
  return (
    <>
      <SelectField
        label="On"
        value={draft.where}
        choices={[
          ["all", "all hosts"],
          ["hosts", "named hosts"],
          ["labels", "hosts with labels"],
        ]}
        onChoose={(where) => change({ where: where as GrantDraft["where"] })}
      />
      {draft.where !== "all" && (
        <TextField
          label={draft.where === "hosts" ? "Hosts" : "Labels"}
          hint={draft.where === "hosts" ? "Names, separated by spaces" : "A host must have all of them, set at the edge"}
          isRequired
          isCode
          value={draft.names}
          errors={[...errorsAt("hosts"), ...errorsAt("labels")]}
          onInput={(names) => change({ names })}
        />
      )}
    </>
  );
}

export function GrantForm(props: GrantFormProps) {
  const { draft, onChange, errorsAt } = props;
  const change = (part: Partial<GrantDraft>) => onChange({ ...draft, ...part });
  const touchesModels = draft.covers === "models" || draft.covers === "all" || /\bmodel\./.test(draft.operations);
  return (
    <>
      <What {...props} change={change} />
      <Where {...props} change={change} />
      {touchesModels && (
        <>
          <TextField
            label="Models"
            hint="Only these; * stands for any characters. Empty: all models."
            isCode
            placeholder="llama3* qwen*"
            value={draft.models}
            errors={errorsAt("models")}
            onInput={(models) => change({ models })}
          />
          <Surfaces draft={draft} onChange={onChange} />
        </>
      )}
    </>
  );
}
