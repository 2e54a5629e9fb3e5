// The definition of a new machine as a tree. Everything is decided by the caller; asks libvirt nothing.
import { editNested, editSecureBoot, editTpm, type MachineGifts } from "../domain/edit-machine.ts";
import { writeMetadata, type VmMetadata } from "../domain/metadata.ts";
import type { Topology } from "../../../../protocol/operations/vm-hardware.ts";
import { XmlElement } from "../xml/tree.ts";

export interface NewCpu {
  /** `host-passthrough`, `maximum`, or `custom` with a model of libvirt's. */
  readonly mode: string;
  readonly model: string | null;
}

export interface NewDomain {
  readonly uuid: string;
  readonly name: string;
  readonly description: string;
  readonly type: "kvm" | "qemu";
  readonly arch: string;
  readonly machine: string;
  readonly emulator: string;
  readonly cpus: number;
  readonly topology: Topology | null;
  readonly cpu: NewCpu;
  readonly nested: boolean;
  readonly memoryBytes: number;
  readonly memoryMaxBytes: number;
  readonly firmware: "bios" | "uefi";
  readonly secureBoot: boolean;
  readonly tpm: boolean;
  readonly gifts: MachineGifts;
  readonly videoModel: string;
  readonly metadata: VmMetadata;
  readonly disks: readonly XmlElement[];
  readonly nics: readonly XmlElement[];
}

type Attributes = Readonly<Record<string, string>>;

/** `of`: text, or what is in it. */
function make(name: string, attributes: Attributes = {}, of: string | readonly XmlElement[] = []): XmlElement {
  const element = new XmlElement(name, Object.entries(attributes));
  if (typeof of === "string") element.setText(of);
  else for (const child of of) element.append(child);
  return element;
}

/** PCI Express ports that stay free: what is plugged into a running machine needs one each. */
const SPARE_PORTS = 8;
/** USB, channels, balloon, random numbers, screen, SCSI. */
const OWN_DEVICES = 6;

/** libvirt fills the ports in order with whatever has no place yet; what is over stays free. */
function ports(devices: number): XmlElement[] {
  const port = () => make("controller", { type: "pci", model: "pcie-root-port" });
  const root = make("controller", { type: "pci", index: "0", model: "pcie-root" });
  return [root, ...Array.from({ length: devices + OWN_DEVICES + SPARE_PORTS }, port)];
}

const isOnScsi = (disk: XmlElement): boolean => disk.find("target")?.attribute("bus") === "scsi";

function devicesOf(wanted: NewDomain): XmlElement {
  const isPc = wanted.arch === "x86_64";
  const scsi = wanted.disks.some(isOnScsi) ? [make("controller", { type: "scsi", index: "0", model: "virtio-scsi" })] : [];
  return make("devices", {}, [
    make("emulator", {}, wanted.emulator),
    ...wanted.disks,
    ...ports(wanted.disks.length + wanted.nics.length),
    make("controller", { type: "usb", index: "0", model: "qemu-xhci" }),
    ...scsi,
    ...wanted.nics,
    make("serial", { type: "pty" }, [make("target", { port: "0" })]),
    make("console", { type: "pty" }, [make("target", { type: "serial", port: "0" })]),
    make("channel", { type: "unix" }, [make("target", { type: "virtio", name: "org.qemu.guest_agent.0" })]),
    make("input", { type: "tablet", bus: "usb" }),
    ...(isPc ? [] : [make("input", { type: "keyboard", bus: "usb" })]),
    // A socket in libvirt's own folder: never a port.
    make("graphics", { type: "vnc" }, [make("listen", { type: "socket" })]),
    make("video", {}, [make("model", { type: wanted.videoModel })]),
    make("memballoon", { model: "virtio" }, [make("stats", { period: "10" })]),
    make("rng", { model: "virtio" }, [make("backend", { model: "random" }, "/dev/urandom")]),
  ]);
}

/** What Windows needs to run well under KVM. */
function hypervFeatures(): XmlElement {
  const on = (name: string, more: Attributes = {}) => make(name, { state: "on", ...more });
  return make("hyperv", { mode: "custom" }, [on("relaxed"), on("vapic"), on("spinlocks", { retries: "8191" })]);
}

function clockOf({ type, arch, metadata }: NewDomain): XmlElement {
  const isWindows = metadata.osFamily === "windows";
  const timers = [
    make("timer", { name: "rtc", tickpolicy: "catchup" }),
    make("timer", { name: "pit", tickpolicy: "delay" }),
    make("timer", { name: "hpet", present: "no" }),
    ...(isWindows && type === "kvm" ? [make("timer", { name: "hypervclock", present: "yes" })] : []),
  ];
  return make("clock", { offset: isWindows ? "localtime" : "utc" }, arch === "x86_64" ? timers : []);
}

function cpuOf({ cpu: { mode, model }, topology }: NewDomain): XmlElement {
  const counts = Object.entries(topology ?? {}).map(([name, count]) => [name, String(count)]);
  return make("cpu", model === null ? { mode } : { mode, match: "exact", check: "none" }, [
    ...(model === null ? [] : [make("model", { fallback: "allow" }, model)]),
    ...(topology === null ? [] : [make("topology", Object.fromEntries(counts))]),
  ]);
}

export function domainXml(wanted: NewDomain): XmlElement {
  const { type, arch, machine, metadata } = wanted;
  const kib = (bytes: number) => String(bytes / 1024);
  const features = arch === "x86_64" ? [make("acpi"), make("apic")] : [make("acpi")];
  if (metadata.osFamily === "windows" && type === "kvm" && arch === "x86_64") features.push(hypervFeatures());
  const root = make("domain", { type }, [
    make("name", {}, wanted.name),
    make("uuid", {}, wanted.uuid),
    make("metadata"),
    ...(wanted.description === "" ? [] : [make("description", {}, wanted.description)]),
    make("memory", { unit: "KiB" }, kib(wanted.memoryMaxBytes)),
    make("currentMemory", { unit: "KiB" }, kib(wanted.memoryBytes)),
    make("vcpu", { placement: "static" }, String(wanted.cpus)),
    make("os", {}, [make("type", { arch, machine }, "hvm")]),
    make("features", {}, features),
    cpuOf(wanted),
    clockOf(wanted),
    make("on_poweroff", {}, "destroy"),
    make("on_reboot", {}, "restart"),
    make("on_crash", {}, "destroy"),
    devicesOf(wanted),
  ]);
  writeMetadata(root, metadata);
  if (wanted.firmware === "uefi") editSecureBoot(root, wanted.secureBoot);
  if (wanted.tpm) editTpm(root, true, wanted.gifts);
  if (arch === "x86_64") editNested(root, wanted.nested, wanted.gifts);
  return root;
}
