// In which order a new machine looks for a system, where nobody said it. Same for each hypervisor.

interface Described {
  readonly boot_order?: readonly string[] | undefined;
  readonly iso?: string | undefined;
}

/** What was asked for; else the boot disk, the other disks, the drive. */
export function bootOrderOf(spec: Described, disks: readonly { readonly name: string; readonly boot: boolean }[]): string[] {
  if (spec.boot_order) return [...spec.boot_order];
  const names = [...disks.filter(({ boot }) => boot), ...disks.filter(({ boot }) => !boot)].map(({ name }) => name);
  return spec.iso === undefined ? names : [...names, "cdrom"];
}
