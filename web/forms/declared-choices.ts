// What a host declares, as the choices of a field: its name, and what the host says of it.

interface Declared {
  readonly name: string;
  readonly description: string;
}

export const declaredChoices = (items: readonly Declared[]) =>
  items.map(({ name, description }) => [name, description ? `${name} (${description})` : name] as const);
