// What a hypervisor has a place for, as its host's catalogue says it (virtual-resources.ts). Brings no schemas: pages load it.
import type { VirtualResources } from "./virtual-resources.ts";

/** What the edge kept of a host that connected last to an older version has no choices. */
export type Abilities = Pick<VirtualResources, "unsupported"> & Partial<Pick<VirtualResources, "choices">>;

/** `name`: a field, of this operation where one is given; or a whole operation. */
export const isSupported = ({ unsupported }: Abilities, name: string, operation?: string): boolean =>
  !unsupported.includes(name) && (operation === undefined || !unsupported.includes(`${operation}/${name}`));

/** Of the contract's values of a field those that the host serves, with this firmware; with any without one. */
export function servedValues<T extends string>(
  { choices = [] }: Abilities,
  field: string,
  values: readonly T[],
  firmware?: "bios" | "uefi",
): readonly T[] {
  const said = choices.filter((choice) => choice.field === field);
  if (said.length === 0) return values;
  const fitting = said.filter((choice) => firmware === undefined || choice.firmware === null || choice.firmware === firmware);
  return values.filter((value) => fitting.some((choice) => choice.values.includes(value)));
}
