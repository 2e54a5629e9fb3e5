// Which virtual machines of a list are shown: by text, state, host and tag. Kept in the address.
import { STATES, type VmItem } from "../vm/contract.ts";
import { Choice } from "../parts/choice.tsx";

export interface VmFilters {
  readonly text: string;
  readonly state: string;
  readonly host: string;
  readonly tag: string;
}

export const filtersOf = (query: URLSearchParams): VmFilters => ({
  text: query.get("text") ?? "",
  state: query.get("state") ?? "",
  host: query.get("host") ?? "",
  tag: query.get("tag") ?? "",
});

export const isFiltered = (filters: VmFilters): boolean => Object.values(filters).some((value) => value !== "");

/** Pure. Each word of the text must be somewhere in what is known of the machine. */
export function matches(vm: VmItem, { text, state, host, tag }: VmFilters): boolean {
  if (state !== "" && vm.state !== state) return false;
  if (host !== "" && vm.host !== host) return false;
  if (tag !== "" && !vm.tags.includes(tag)) return false;
  const known = [vm.name, vm.id, vm.description, vm.host, ...vm.tags, ...vm.addresses].join("\n").toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => known.includes(word));
}

const namesOf = (values: readonly string[]): string[] => [...new Set(values)].sort((a, b) => a.localeCompare(b));

interface FiltersProps {
  readonly vms: readonly VmItem[];
  readonly filters: VmFilters;
  readonly onChoose: (change: Partial<VmFilters>) => void;
}

export function Filters({ vms, filters, onChoose }: FiltersProps) {
  const hosts = namesOf(vms.map(({ host }) => host));
  const tags = namesOf(vms.flatMap((vm) => vm.tags));
  return (
    <div role="search">
      <input
        class="vm-search"
        type="search"
        aria-label="Find"
        placeholder="Name, address, tag"
        autocomplete="off"
        spellcheck={false}
        value={filters.text}
        onInput={(event) => onChoose({ text: event.currentTarget.value })}
      />
      <div class="filters" role="group" aria-label="Filters">
        <Choice
          label="State"
          value={filters.state}
          choices={STATES.filter((state) => vms.some((vm) => vm.state === state))}
          onChoose={(state) => onChoose({ state })}
        />
        {(hosts.length > 1 || filters.host !== "") && (
          <Choice label="Host" value={filters.host} choices={hosts} onChoose={(host) => onChoose({ host })} />
        )}
        {(tags.length > 0 || filters.tag !== "") && (
          <Choice label="Tag" value={filters.tag} choices={tags} onChoose={(tag) => onChoose({ tag })} />
        )}
      </div>
    </div>
  );
}
