// What the hypervisor of this host can give a machine: firmware, secure boot, TPM, processors. Asked once for a kind of machine
// and kept until the connection to libvirt is made anew, because a daemon of another version may answer otherwise.
import { VmFailure } from "../virtual/failure.ts";
import { isLibvirtError } from "./rpc/errors.ts";
import type { Session } from "./session.ts";
import { parseXml } from "./xml/parse.ts";
import type { XmlElement } from "./xml/tree.ts";
import { numberOf } from "./domain/units.ts";

/** null: the hypervisor's usual one. */
export interface MachineKind {
  readonly type: string | null;
  readonly arch: string | null;
  readonly machine: string | null;
  readonly emulator: string | null;
}

export interface Capabilities {
  readonly emulator: string;
  readonly arch: string;
  /** By its full name, such as `pc-q35-7.2`. */
  readonly machine: string;
  readonly maxCpus: number;
  readonly uefi: boolean;
  readonly secureBoot: boolean;
  /** Model of a TPM 2.0 that swtpm makes; null: none can be made. */
  readonly tpmModel: "tpm-crb" | "tpm-tis" | "tpm-spapr" | null;
  /** Modes of <cpu> that can be had: `host-passthrough`, `maximum`, `host-model`, `custom`. */
  readonly cpuModes: ReadonlySet<string>;
  /** Models of <video>; libvirt has no screenshot without one. */
  readonly videoModels: ReadonlySet<string>;
}

const MACHINES: Readonly<Record<string, readonly [arch: string, machine: string]>> = {
  x64: ["x86_64", "q35"],
  arm64: ["aarch64", "virt"],
};

/** The kind of machine that this driver makes. libvirt's socket is local: its processor is ours. */
export function usualMachine({ domain_type: type }: Session["table"]): MachineKind {
  const [arch, machine] = MACHINES[process.arch] ?? [null, null];
  return { type, arch, machine, emulator: null };
}

/** The kind of a machine that is there. */
export function machineOf(root: XmlElement): MachineKind {
  const type = root.find("os/type");
  return {
    type: root.attribute("type"),
    arch: type?.attribute("arch") ?? null,
    machine: type?.attribute("machine") ?? null,
    emulator: root.find("devices/emulator")?.text || null,
  };
}

const isSupported = (element: XmlElement | null): boolean => element?.attribute("supported") === "yes";

function valuesOf(element: XmlElement | null, name: string): Set<string> {
  const values = element?.elements("enum").find((entry) => entry.attribute("name") === name);
  return new Set(values?.elements("value").map((value) => value.text));
}

function tpmModelOf(tpm: XmlElement | null): Capabilities["tpmModel"] {
  const versions = valuesOf(tpm, "backendVersion");
  // Before 8.6 libvirt named no versions; swtpm has long had 2.0.
  if (!isSupported(tpm) || !valuesOf(tpm, "backendModel").has("emulator") || (versions.size > 0 && !versions.has("2.0"))) return null;
  const models = valuesOf(tpm, "model");
  return (["tpm-crb", "tpm-tis", "tpm-spapr"] as const).find((model) => models.has(model)) ?? null;
}

export function readCapabilities(root: XmlElement): Capabilities {
  const loader = root.find("os/loader");
  const uefi = valuesOf(root.find("os"), "firmware").has("efi");
  const modes = root.find("cpu")?.elements("mode").filter(isSupported) ?? [];
  return {
    emulator: root.find("path")?.text ?? "",
    arch: root.find("arch")?.text ?? "",
    machine: root.find("machine")?.text ?? "",
    maxCpus: numberOf(root.find("vcpu")?.attribute("max")) ?? 1,
    uefi,
    secureBoot: uefi && valuesOf(loader, "secure").has("yes"),
    tpmModel: tpmModelOf(root.find("devices/tpm")),
    cpuModes: new Set(modes.flatMap((mode) => mode.attribute("name") ?? [])),
    videoModels: valuesOf(root.find("devices/video"), "modelType"),
  };
}

const kept = new WeakMap<Session, Map<string, Promise<Capabilities>>>();
/** Kinds of machines on a host are few; a host with more asks again. */
const KINDS_MAX = 32;

/** Of the kind that this driver makes, or of another. */
export function capabilitiesOf(session: Session, kind: MachineKind = usualMachine(session.table)): Promise<Capabilities> {
  const known = kept.get(session) ?? new Map<string, Promise<Capabilities>>();
  kept.set(session, known);
  const key = JSON.stringify(kind);
  const found = known.get(key);
  if (found) return found;
  if (known.size >= KINDS_MAX) known.clear();
  const asked = ask(session, kind);
  known.set(key, asked);
  asked.catch(() => known.delete(key));
  return asked;
}

/** Another daemon may be there: called whenever the connection was made anew. */
export function forgetCapabilities(session: Session): void {
  kept.delete(session);
}

async function ask(session: Session, kind: MachineKind): Promise<Capabilities> {
  try {
    const { xml } = await session.client.call("connectGetDomainCapabilities", { ...kind, flags: 0 });
    return readCapabilities(parseXml(xml).root);
  } catch (cause) {
    if (kind.type !== "kvm" || !isLibvirtError(cause, "INVALID_ARG")) throw cause;
    const why = 'The host cannot run machines of the type kvm: /dev/kvm is not there or does not work. domain_type = "qemu" emulates them.';
    throw new VmFailure("HYPERVISOR_UNSUPPORTED", why, undefined, { cause });
  }
}
