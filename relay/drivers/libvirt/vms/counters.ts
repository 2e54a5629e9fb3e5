// What libvirt counts of a domain at one moment, by the ids of its devices. Pure.
import { readDisks, readNic } from "../domain/devices.ts";
import type { TypedParameter } from "../rpc/types.ts";
import type { XmlElement } from "../xml/tree.ts";
import type { Counters, DiskCounters, NicCounters } from "../../virtual/stats/history.ts";

const KiB = 1024;

class Figures {
  readonly #values: ReadonlyMap<string, TypedParameter["value"]>;

  constructor(parameters: readonly TypedParameter[]) {
    this.#values = new Map(parameters.map(({ field, value }) => [field, value]));
  }

  /** 0 where libvirt says none, as of a domain that is off. */
  number(field: string): number {
    return this.optional(field) ?? 0;
  }

  optional(field: string): number | null {
    const value = this.#values.get(field);
    return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
  }

  text(field: string): string {
    return String(this.#values.get(field) ?? "");
  }
}

/** `root`: the domain as it runs; `atMs`: of a clock that only goes on. */
export function readCounters(root: XmlElement, parameters: readonly TypedParameter[], atMs: number): Counters {
  const figures = new Figures(parameters);
  return {
    atMs,
    // A number of its own for each start.
    run: root.attribute("id"),
    cpus: Math.max(1, figures.number("vcpu.current")),
    cpuMs: figures.number("cpu.time") / 1e6,
    memoryBytes: figures.number("balloon.current") * KiB,
    memoryUsedBytes: memoryUsed(figures),
    disks: disksOf(root, figures),
    nics: nicsOf(root, figures),
  };
}

/** What the guest says last of its own memory; null: it has said nothing. */
function memoryUsed(figures: Figures): number | null {
  const total = figures.optional("balloon.available");
  const free = figures.optional("balloon.usable") ?? figures.optional("balloon.unused");
  if (total === null || free === null || figures.number("balloon.last-update") === 0) return null;
  return Math.max(0, total - free) * KiB;
}

const indexes = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

function disksOf(root: XmlElement, figures: Figures): DiskCounters[] {
  const ids = new Map(readDisks(root).map((disk) => [disk.target, disk.id]));
  return indexes(figures.number("block.count")).flatMap((index) => {
    const at = (name: string) => figures.number(`block.${index}.${name}`);
    const id = ids.get(figures.text(`block.${index}.name`));
    // An empty drive has no figures.
    if (id === undefined || figures.optional(`block.${index}.rd.bytes`) === null) return [];
    return [{ id, readBytes: at("rd.bytes"), writtenBytes: at("wr.bytes"), reads: at("rd.reqs"), writes: at("wr.reqs") }];
  });
}

/** Of adapters on the host's own devices: libvirt counts nothing of QEMU's own NAT. It says it as the guest sees it. */
function nicsOf(root: XmlElement, figures: Figures): NicCounters[] {
  const ids = new Map<string, string>();
  for (const [index, element] of (root.find("devices")?.elements("interface") ?? []).entries()) {
    const device = element.find("target")?.attribute("dev");
    const nic = readNic(element, index);
    if (device && nic) ids.set(device, nic.id);
  }
  return indexes(figures.number("net.count")).flatMap((index) => {
    const id = ids.get(figures.text(`net.${index}.name`));
    if (id === undefined) return [];
    return [{ id, receivedBytes: figures.number(`net.${index}.rx.bytes`), sentBytes: figures.number(`net.${index}.tx.bytes`) }];
  });
}
