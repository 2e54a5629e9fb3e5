// Fields of the contract that are said in a domain's XML: as they are, and as a change of them. Pure.
import type { DomainFacts } from "./facts.ts";
import type { VmMetadata } from "./metadata.ts";

/** A change. Absent: as it is; null: none. `boot_order` takes names and ids of devices, and `cdrom` for the drive. */
export interface DomainChange {
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly os_family?: VmMetadata["osFamily"] | undefined;
  readonly deletion_protection?: boolean | undefined;
  readonly stop_action?: VmMetadata["stopAction"] | undefined;
  readonly cpus?: number | undefined;
  readonly cpu_topology?: DomainFacts["topology"] | undefined;
  readonly memory_bytes?: number | undefined;
  readonly memory_min_bytes?: number | null | undefined;
  readonly memory_max_bytes?: number | null | undefined;
  readonly secure_boot?: boolean | undefined;
  readonly tpm?: boolean | undefined;
  readonly nested?: boolean | undefined;
  readonly boot_order?: readonly string[] | undefined;
}

export type SettingName = keyof DomainChange;
export type Settings = { readonly [K in SettingName]-?: Exclude<DomainChange[K], undefined> };

/** The most that the machine may get; null: its memory does not grow. */
export function memoryMaxOf({ memoryBytes, memoryMaxBytes, metadata }: DomainFacts): number | null {
  return memoryMaxBytes !== memoryBytes || metadata.memoryMaxBytes === memoryMaxBytes ? memoryMaxBytes : null;
}

/** What can be changed, as it is. `boot_order` has names. */
export function settingsOf(facts: DomainFacts): Settings {
  const { metadata } = facts;
  return {
    description: facts.description,
    tags: metadata.tags,
    os_family: metadata.osFamily,
    deletion_protection: metadata.deletionProtection,
    stop_action: metadata.stopAction,
    cpus: facts.cpus,
    cpu_topology: facts.topology,
    memory_bytes: facts.memoryBytes,
    memory_min_bytes: metadata.memoryMinBytes,
    memory_max_bytes: memoryMaxOf(facts),
    secure_boot: facts.secureBoot,
    tpm: facts.tpm,
    nested: facts.nested,
    boot_order: facts.bootOrder,
  };
}

/** Fields that mean nothing to the guest, so that nothing waits for a restart. */
export const OF_THE_HOST: ReadonlySet<SettingName> = new Set([
  "description",
  "tags",
  "os_family",
  "deletion_protection",
  "stop_action",
  "memory_min_bytes",
]);
