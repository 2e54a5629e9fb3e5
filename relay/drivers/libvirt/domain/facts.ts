// What a domain's XML says, in the contract's terms: the one reading of it. Pure; asks libvirt nothing.
import { isSame } from "../../virtual/changes.ts";
import type { XmlElement } from "../xml/tree.ts";
import { readDisks, readNics, type DiskFacts, type NicFacts } from "./devices.ts";
import { readMetadata, type VmMetadata } from "./metadata.ts";
import { numberOf, sizeOf } from "./units.ts";

export interface DomainFacts {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** `cpus` at start; `cpusMax` is what can be plugged while it runs. */
  readonly cpus: number;
  readonly cpusMax: number;
  readonly topology: { readonly sockets: number; readonly cores: number; readonly threads: number } | null;
  readonly memoryBytes: number;
  readonly memoryMaxBytes: number;
  readonly firmware: "bios" | "uefi";
  readonly secureBoot: boolean;
  readonly tpm: boolean;
  readonly nested: boolean;
  /** Names of devices in order; empty: the firmware's own order, or one by kinds of device (`<boot dev=…>`). */
  readonly bootOrder: readonly string[];
  readonly hasSerial: boolean;
  /** It has a screen that can be looked at. */
  readonly hasVideo: boolean;
  /** A guest can give memory back while it runs. */
  readonly hasBalloon: boolean;
  readonly hasAgentChannel: boolean;
  readonly disks: readonly DiskFacts[];
  readonly nics: readonly NicFacts[];
  readonly metadata: VmMetadata;
}

function firmwareOf(root: XmlElement): Pick<DomainFacts, "firmware" | "secureBoot"> {
  const loader = root.find("os/loader");
  const isUefi = root.find("os")?.attribute("firmware") === "efi" || loader?.attribute("type") === "pflash";
  const features = root.find("os/firmware")?.elements("feature") ?? [];
  const isAsked = features.some((feature) => feature.attribute("name") === "secure-boot" && feature.attribute("enabled") === "yes");
  return { firmware: isUefi ? "uefi" : "bios", secureBoot: isUefi && (loader?.attribute("secure") === "yes" || isAsked) };
}

function topologyOf(root: XmlElement): DomainFacts["topology"] {
  const topology = root.find("cpu/topology");
  const [sockets, cores, threads] = ["sockets", "cores", "threads"].map((name) => numberOf(topology?.attribute(name)));
  if (!sockets || !cores || !threads) return null;
  // The contract knows no dies and clusters: each is a socket to it, so that the product stays.
  const within = (name: string) => numberOf(topology?.attribute(name)) ?? 1;
  return { sockets: sockets * within("dies") * within("clusters"), cores, threads };
}

/** A guest may run guests when its processor is the host's and the feature was not taken out, or the feature was put in. */
function isNested(root: XmlElement): boolean {
  const cpu = root.find("cpu");
  const features = cpu?.elements("feature").filter((feature) => /^(vmx|svm)$/.test(feature.attribute("name") ?? "")) ?? [];
  const policies = features.map((feature) => feature.attribute("policy") ?? "require");
  if (/^(host-passthrough|maximum)$/.test(cpu?.attribute("mode") ?? ""))
    return !policies.some((policy) => /^(disable|forbid)$/.test(policy));
  return policies.some((policy) => /^(require|force)$/.test(policy));
}

function bootOrderOf(devices: readonly (DiskFacts | NicFacts)[]): string[] {
  return devices
    .filter((device) => device.bootIndex !== null)
    .toSorted((a, b) => a.bootIndex! - b.bootIndex!)
    .map((device) => device.name);
}

export function readDomain(root: XmlElement): DomainFacts {
  const vcpu = root.find("vcpu");
  const cpusMax = numberOf(vcpu?.text) ?? 1;
  const memoryMaxBytes = sizeOf(root.find("memory")) ?? 0;
  const disks = readDisks(root);
  const nics = readNics(root);
  const channels = root.find("devices")?.elements("channel") ?? [];
  return {
    id: (root.find("uuid")?.text ?? "").trim().toLowerCase(),
    name: root.find("name")?.text ?? "",
    description: root.find("description")?.text ?? "",
    cpus: numberOf(vcpu?.attribute("current")) ?? cpusMax,
    cpusMax,
    topology: topologyOf(root),
    memoryBytes: sizeOf(root.find("currentMemory")) ?? memoryMaxBytes,
    memoryMaxBytes,
    ...firmwareOf(root),
    tpm: root.find("devices/tpm") !== null,
    nested: isNested(root),
    bootOrder: bootOrderOf([...disks, ...nics]),
    hasVideo: (root.find("devices/video/model")?.attribute("type") ?? "none") !== "none",
    hasBalloon: root.find("devices/memballoon")?.attribute("model") !== "none",
    hasSerial: root.find("devices/serial") !== null,
    hasAgentChannel: channels.some((channel) => channel.find("target")?.attribute("name") === "org.qemu.guest_agent.0"),
    disks,
    nics,
    metadata: readMetadata(root),
  };
}

/** Fields in which a running domain differs from what it is defined to be: they wait for a restart. */
export function pendingFields(running: DomainFacts, defined: DomainFacts): string[] {
  const fields = Object.keys(defined) as (keyof DomainFacts)[];
  // Metadata and description mean nothing to the guest.
  const matter = fields.filter((field) => field !== "metadata" && field !== "description");
  // It was made smaller while it runs, and has given back the rest.
  const isSized = defined.memoryMaxBytes === defined.memoryBytes && running.memoryBytes === defined.memoryBytes;
  return matter.filter((field) => !(isSized && field === "memoryMaxBytes") && !isSame(running[field], defined[field]));
}
