// Changes to a domain's definition, made in its tree: each touches its own elements and nothing else. Says what changed and
// what a running domain could take at once; asks libvirt nothing and applies nothing.
import { isSame } from "../../virtual/changes.ts";
import type { XmlElement } from "../xml/tree.ts";
import { bootNameOf, editBootOrder } from "./edit-boot.ts";
import { editNested, editSecureBoot, editTpm, type MachineGifts } from "./edit-machine.ts";
import { cpusMaxAfter, editCpus, editMemory, fixedSizes, memoryMaxAfter } from "./edit-sizes.ts";
import { readDomain, type DomainFacts } from "./facts.ts";
import { writeMetadata, type VmMetadata } from "./metadata.ts";
import { memoryMaxOf, OF_THE_HOST, settingsOf, type DomainChange, type SettingName } from "./settings.ts";

/** How a running domain takes a change: at once by one call, because it is no matter of the guest's, or after a restart. */
export type Reach = "memory" | "cpus" | "metadata" | "description" | "restart";

export interface EditedField {
  readonly field: SettingName;
  readonly from: unknown;
  readonly to: unknown;
  readonly reach: Reach;
}

export interface EditError {
  readonly pointer: string;
  readonly message: string;
}

export interface EditOptions {
  /** The domain as it runs; null or absent: nothing runs, or nobody asks about it. */
  readonly running?: DomainFacts | null;
  readonly gifts?: MachineGifts;
}

const USUAL_GIFTS: MachineGifts = { tpmModel: "tpm-crb", nestedMode: "host-passthrough" };

function checkMemory(change: DomainChange, facts: DomainFacts): EditError[] {
  const memory = change.memory_bytes ?? facts.memoryBytes;
  const now = settingsOf(facts);
  const min = change.memory_min_bytes === undefined ? now.memory_min_bytes : change.memory_min_bytes;
  const max = change.memory_max_bytes === undefined ? now.memory_max_bytes : change.memory_max_bytes;
  const at = (own: string) => (change.memory_bytes === undefined ? own : "/memory_bytes");
  const errors: EditError[] = [];
  if (min !== null && min > memory)
    errors.push({ pointer: at("/memory_min_bytes"), message: "memory_bytes must be at least memory_min_bytes" });
  if (max !== null && max < memory)
    errors.push({ pointer: at("/memory_max_bytes"), message: "memory_bytes must be at most memory_max_bytes" });
  return errors;
}

/** What the domain's XML says of its sizes elsewhere too. */
function checkFixed(root: XmlElement, change: DomainChange, facts: DomainFacts): EditError[] {
  const fixed = fixedSizes(root);
  if (fixed === null) return [];
  const errors: EditError[] = [];
  const refuse = (field: SettingName) => errors.push({ pointer: `/${field}`, message: fixed });
  if (memoryMaxAfter(change, facts) !== facts.memoryMaxBytes)
    refuse(change.memory_bytes === undefined ? "memory_max_bytes" : "memory_bytes");
  if (cpusMaxAfter(root, change, facts) !== facts.cpusMax) refuse(change.cpus === undefined ? "cpu_topology" : "cpus");
  return errors;
}

function checkBoot(order: readonly string[], facts: DomainFacts): EditError[] {
  const names = order.map((entry) => bootNameOf(entry, facts));
  return names.flatMap((name, index) => {
    if (name === null) return [{ pointer: `/boot_order/${index}`, message: "is no device of this machine" }];
    return names.indexOf(name) < index ? [{ pointer: `/boot_order/${index}`, message: "is there before" }] : [];
  });
}

function check(root: XmlElement, change: DomainChange, facts: DomainFacts): EditError[] {
  const topology = change.cpu_topology;
  const errors = [...checkMemory(change, facts), ...checkFixed(root, change, facts), ...checkBoot(change.boot_order ?? [], facts)];
  if (topology && topology.sockets * topology.cores * topology.threads !== (change.cpus ?? facts.cpus))
    errors.push({ pointer: "/cpu_topology", message: "sockets × cores × threads must be cpus" });
  for (const field of ["tpm", "secure_boot"] as const)
    if (change[field] && facts.firmware === "bios") errors.push({ pointer: `/${field}`, message: "needs firmware uefi" });
  return errors;
}

function editMetadata(root: XmlElement, change: DomainChange, facts: DomainFacts): void {
  const old = facts.metadata;
  const max = change.memory_max_bytes === undefined ? memoryMaxOf(facts) : change.memory_max_bytes;
  const metadata: VmMetadata = {
    ...old,
    memoryMaxBytes: max === (change.memory_bytes ?? facts.memoryBytes) ? max : null,
    osFamily: change.os_family === undefined ? old.osFamily : change.os_family,
    tags: change.tags ?? old.tags,
    deletionProtection: change.deletion_protection ?? old.deletionProtection,
    stopAction: change.stop_action ?? old.stopAction,
    memoryMinBytes: change.memory_min_bytes === undefined ? old.memoryMinBytes : change.memory_min_bytes,
  };
  if (!isSame(metadata, old)) writeMetadata(root, metadata);
}

function editDescription(root: XmlElement, description: string): void {
  const old = root.find("description");
  if (description !== "") root.ensure("description").setText(description);
  else if (old) root.remove(old);
}

function reachOf(field: SettingName, after: DomainFacts, running: DomainFacts): Reach {
  if (field === "description") return "description";
  if (OF_THE_HOST.has(field)) return "metadata";
  // Only what it is called changes.
  if (field === "memory_max_bytes" && after.memoryMaxBytes === running.memoryMaxBytes) return "metadata";
  if (field === "memory_bytes" && running.hasBalloon && after.memoryBytes <= running.memoryMaxBytes) return "memory";
  // Taking a processor away needs a guest that lets it go.
  if (field === "cpus" && after.cpus >= running.cpus && after.cpus <= running.cpusMax) return "cpus";
  return "restart";
}

/** Only what differs, so that nothing that is so already is written anew. */
function apply(root: XmlElement, change: DomainChange, before: DomainFacts, gifts: MachineGifts): void {
  editMemory(root, change, before);
  editCpus(root, change, before);
  if (change.tpm !== undefined && change.tpm !== before.tpm) editTpm(root, change.tpm, gifts);
  if (change.nested !== undefined && change.nested !== before.nested) editNested(root, change.nested, gifts);
  if (change.secure_boot !== undefined && change.secure_boot !== before.secureBoot) editSecureBoot(root, change.secure_boot);
  if (change.boot_order !== undefined) {
    const names = change.boot_order.flatMap((entry) => bootNameOf(entry, before) ?? []);
    editBootOrder(root, names, before);
  }
  if (change.description !== undefined) editDescription(root, change.description);
  editMetadata(root, change, before);
}

/** Changes the tree, or nothing at all where there are errors. Fields that were so already are not listed. */
export function editDomain(
  root: XmlElement,
  change: DomainChange,
  { running, gifts = USUAL_GIFTS }: EditOptions = {},
): { readonly edited: EditedField[]; readonly errors: EditError[] } {
  const before = readDomain(root);
  const errors = check(root, change, before);
  if (errors.length > 0) return { edited: [], errors };
  apply(root, change, before, gifts);
  const after = readDomain(root);
  const [from, to] = [settingsOf(before), settingsOf(after)];
  const edited = (Object.keys(to) as SettingName[])
    .filter((field) => !isSame(from[field], to[field]))
    .map((field) => ({ field, from: from[field], to: to[field], reach: reachOf(field, after, running ?? before) }));
  return { edited, errors: [] };
}
