// Which model answers: those that one may use and whose hosts are there; a model on several hosts can be pinned to one.
import type { Resource } from "../api/resource.ts";

export interface ModelItem {
  readonly id: string;
  readonly farhand?: { readonly hosts?: readonly string[]; readonly loaded?: boolean | null; readonly kind?: "chat" | "embedding" | null };
}

/** Pure: values of the choice with their titles; loaded ones first. */
export function choicesOf(models: readonly ModelItem[]): (readonly [value: string, title: string])[] {
  const chat = models.filter(({ farhand }) => farhand?.kind !== "embedding");
  const sorted = [...chat].sort((a, b) => Number(b.farhand?.loaded === true) - Number(a.farhand?.loaded === true));
  return sorted.flatMap(({ id, farhand }) => {
    const hosts = farhand?.hosts ?? [];
    const mark = farhand?.loaded === true ? " · loaded" : "";
    if (hosts.length < 2) return [[id, `${id}${mark}`] as const];
    return [[id, `${id}${mark}`] as const, ...hosts.map((host) => [`${id}@${host}`, `${id} on ${host}`] as const)];
  });
}

interface ChoiceProps {
  readonly models: Resource<readonly ModelItem[]>;
  readonly value: string;
  readonly onChoose: (model: string) => void;
}

export function ModelChoice({ models, value, onChoose }: ChoiceProps) {
  const choices = choicesOf(models.data ?? []);
  const isListed = value === "" || choices.some(([choice]) => choice === value);
  return (
    <select
      class="model-choice"
      aria-label="Model"
      value={value}
      onChange={(event) => onChoose(event.currentTarget.value)}
      disabled={choices.length === 0 && value === ""}
    >
      {value === "" && (
        <option value="">{models.data === null ? "Loading models…" : choices.length === 0 ? "No models" : "Choose a model"}</option>
      )}
      {!isListed && <option value={value}>{value.replace("@", " on ")}</option>}
      {choices.map(([choice, title]) => (
        <option key={choice} value={choice}>
          {title}
        </option>
      ))}
    </select>
  );
}
