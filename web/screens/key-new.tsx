// Makes an API key with its grants; shows the secret once.
import { useState } from "preact/hooks";
import type { z } from "zod";
import type { keyCreatedSchema } from "../../protocol/api/shapes.ts";
import { ApiProblem, request } from "../api/client.ts";
import { SelectField, TextField } from "../forms/field.tsx";
import { FRESH_GRANT, GrantForm, scopeOf, type GrantDraft } from "../forms/grant.tsx";
import { AdminOnly } from "../parts/admin-only.tsx";
import { Copyable } from "../parts/copy.tsx";
import { GrantLine } from "../parts/grant.tsx";
import { Screen } from "../parts/screen.tsx";
import { Failure } from "../parts/states.tsx";
import { pathTo } from "../routes.ts";

type Created = z.infer<typeof keyCreatedSchema>;

const DAY_MS = 24 * 3600_000;
const LIVES: readonly (readonly [string, string])[] = [
  ["", "until it is revoked"],
  [String(DAY_MS), "for a day"],
  [String(30 * DAY_MS), "for 30 days"],
  [String(365 * DAY_MS), "for a year"],
];

function Made({ created, drafts }: { readonly created: Created; readonly drafts: readonly GrantDraft[] }) {
  return (
    <section class="card" aria-label="The new key">
      <h2>Copy it now</h2>
      <p>This is the only time that the secret of {created.name} is shown.</p>
      <Copyable text={created.key ?? ""} what="the key" />
      <ul class="plain-list">
        {drafts.map((draft, index) => (
          <GrantLine key={index} grant={scopeOf(draft)} />
        ))}
      </ul>
      <p class="soft">
        As <code>Authorization: Bearer</code> or <code>x-api-key</code>. OpenAI clients take <code>{location.origin}/v1</code> as their base
        URL, Ollama clients <code>{location.origin}</code>.
      </p>
      <a class="button" href={pathTo("keys")}>
        Done
      </a>
    </section>
  );
}

interface Draft {
  readonly name: string;
  readonly life: string;
  readonly grants: readonly GrantDraft[];
}

interface GrantCardProps {
  readonly grant: GrantDraft;
  readonly title: string;
  readonly onChange: (grant: GrantDraft) => void;
  readonly onRemove: (() => void) | null;
  readonly errorsAt: (field: string) => readonly string[];
}

function GrantCard({ grant, title, onChange, onRemove, errorsAt }: GrantCardProps) {
  return (
    <fieldset class="card">
      <legend>{title}</legend>
      <GrantForm draft={grant} onChange={onChange} errorsAt={errorsAt} />
      {onRemove && (
        <button type="button" class="plain danger-text" onClick={onRemove}>
          Take this away
        </button>
      )}
    </fieldset>
  );
}

function KeyForm({ onMade }: { readonly onMade: (created: Created, drafts: readonly GrantDraft[]) => void }) {
  const [{ name, life, grants }, setDraft] = useState<Draft>({ name: "", life: "", grants: [FRESH_GRANT] });
  const [error, setError] = useState<Error | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const problems = error instanceof ApiProblem ? error.errors : [];
  const errorsAt = (pointer: string) =>
    problems.filter((problem) => problem.pointer === pointer || problem.pointer.startsWith(`${pointer}/`)).map(({ message }) => message);
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const make = async (event: Event) => {
    event.preventDefault();
    setIsBusy(true);
    try {
      const body = { name, grants: grants.map(scopeOf), ...(life === "" ? {} : { expires_in_ms: Number(life) }) };
      onMade(await request<Created>("POST", "/api/v1/keys", { body }), grants);
    } catch (error) {
      setError(error as Error);
      setIsBusy(false);
    }
  };
  return (
    <form class="form" onSubmit={(event) => void make(event)} noValidate>
      <TextField
        label="Name"
        hint="What it is for"
        isRequired
        value={name}
        errors={errorsAt("/name")}
        onInput={(name) => change({ name })}
      />
      <SelectField label="Valid" value={life} choices={LIVES} errors={errorsAt("/expires_in_ms")} onChoose={(life) => change({ life })} />
      {grants.map((grant, index) => (
        <GrantCard
          key={index}
          grant={grant}
          title={index === 0 ? "What it may do" : "And also"}
          onChange={(next) => change({ grants: grants.with(index, next) })}
          onRemove={index === 0 ? null : () => change({ grants: grants.toSpliced(index, 1) })}
          errorsAt={(field) => errorsAt(`/grants/${index}/${field}`)}
        />
      ))}
      {error && <Failure error={error} />}
      <div class="buttons">
        <button disabled={isBusy}>{isBusy ? "Making…" : "Make the key"}</button>
        <button type="button" class="plain" onClick={() => change({ grants: [...grants, { ...FRESH_GRANT, covers: "chosen" }] })}>
          Allow more
        </button>
      </div>
    </form>
  );
}

export function KeyNew() {
  const [made, setMade] = useState<{ created: Created; drafts: readonly GrantDraft[] } | null>(null);
  return (
    <Screen title={made ? "New key made" : "New key"} up={[pathTo("keys"), "API keys"]}>
      <AdminOnly>{made ? <Made {...made} /> : <KeyForm onMade={(created, drafts) => setMade({ created, drafts })} />}</AdminOnly>
    </Screen>
  );
}
