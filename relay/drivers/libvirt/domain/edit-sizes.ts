// Memory and processors of a definition: changes in the tree, each of its own elements alone.
import type { XmlElement } from "../xml/tree.ts";
import { readDomain, type DomainFacts } from "./facts.ts";
import { memoryMaxOf, type DomainChange } from "./settings.ts";
import { sizeOf } from "./units.ts";

/** A size that is so already, in whatever unit, stays as it is written. */
function setSize(root: XmlElement, name: string, bytes: number): void {
  if (sizeOf(root.find(name)) === bytes) return;
  root
    .ensure(name)
    .setAttribute("unit", "KiB")
    .setText(String(bytes / 1024));
}

/** What the machine has at most once the change is made. */
export function memoryMaxAfter(change: DomainChange, facts: DomainFacts): number {
  if (change.memory_bytes === undefined && change.memory_max_bytes === undefined) return facts.memoryMaxBytes;
  const memory = change.memory_bytes ?? facts.memoryBytes;
  return (change.memory_max_bytes === undefined ? memoryMaxOf(facts) : change.memory_max_bytes) ?? memory;
}

export function editMemory(root: XmlElement, change: DomainChange, facts: DomainFacts): void {
  if (change.memory_bytes === undefined && change.memory_max_bytes === undefined) return;
  const memory = change.memory_bytes ?? facts.memoryBytes;
  const max = memoryMaxAfter(change, facts);
  setSize(root, "memory", max);
  if (memory !== max || root.find("currentMemory")) setSize(root, "currentMemory", memory);
}

/** Room for plugging is kept where it was and suffices; a new topology says the count itself. */
export function cpusMaxAfter(root: XmlElement, change: DomainChange, facts: DomainFacts): number {
  const cpus = change.cpus ?? facts.cpus;
  if (change.cpus === undefined && !change.cpu_topology) return facts.cpusMax;
  const keepsRoom = !change.cpu_topology && root.find("vcpu")?.attribute("current") != null && cpus <= facts.cpusMax;
  return keepsRoom ? facts.cpusMax : cpus;
}

export function editCpus(root: XmlElement, change: DomainChange, facts: DomainFacts): void {
  if (change.cpus === undefined && change.cpu_topology === undefined) return;
  const cpus = change.cpus ?? facts.cpus;
  const max = cpusMaxAfter(root, change, facts);
  if (cpus !== facts.cpus || max !== facts.cpusMax) {
    const vcpu = root.ensure("vcpu");
    vcpu.setAttribute("current", cpus === max ? null : String(cpus)).setText(String(max));
    // Which of them are there is libvirt's to say anew.
    const each = root.find("vcpus");
    if (each) root.remove(each);
  }
  editTopology(root, change.cpu_topology);
}

function editTopology(root: XmlElement, wanted: DomainChange["cpu_topology"]): void {
  const { topology: now, cpusMax } = readDomain(root);
  if (wanted) {
    if (now && now.sockets === wanted.sockets && now.cores === wanted.cores && now.threads === wanted.threads) return;
    const topology = root.ensure("cpu").ensure("topology");
    for (const level of ["dies", "clusters"]) if (topology.attribute(level) !== null) topology.setAttribute(level, "1");
    for (const level of ["sockets", "cores", "threads"] as const) topology.setAttribute(level, String(wanted[level]));
    return;
  }
  // libvirt refuses a topology whose product is not the count.
  const isOutgrown = now !== null && now.sockets * now.cores * now.threads !== cpusMax;
  const old = root.find("cpu/topology");
  if (old && (wanted === null || isOutgrown)) root.find("cpu")?.remove(old);
}

/** Why the sizes of this domain cannot be changed here; null: they can. Cells and modules of memory say them again, piece by piece. */
export function fixedSizes(root: XmlElement): string | null {
  if (root.find("cpu/numa")) return "is divided among NUMA cells in the domain's XML, where it must be changed";
  if (root.find("devices/memory") || root.find("maxMemory"))
    return "is made of memory modules in the domain's XML, where it must be changed";
  return null;
}
