// What the product knows of a domain and libvirt has no place for, kept in the domain's own <metadata>, so that it lives and
// dies with the domain and no second store can disagree. Other tools' metadata is not touched.
import { XmlElement } from "../xml/tree.ts";

export const METADATA_NAMESPACE = "https://farhand.dev/xmlns/vm/1";
const PREFIX = "farhand";
/** virDomainMetadataType: neither description nor title. */
const METADATA_ELEMENT = 2;

export interface VmMetadata {
  readonly osFamily: "linux" | "windows" | "other" | null;
  readonly tags: readonly string[];
  readonly deletionProtection: boolean;
  readonly stopAction: "shutdown" | "save" | "turn-off";
  readonly storageClass: string | null;
  /** Promised to the guest as the least; libvirt keeps no such figure. */
  readonly memoryMinBytes: number | null;
  /** Said to be the most where it is no more than at start: libvirt's figures do not tell that from none. null: they tell. */
  readonly memoryMaxBytes: number | null;
  /** RFC 3339; null: not made by this product. */
  readonly createdAt: string | null;
}

const NONE: VmMetadata = {
  osFamily: null,
  tags: [],
  deletionProtection: false,
  stopAction: "shutdown",
  storageClass: null,
  memoryMinBytes: null,
  memoryMaxBytes: null,
  createdAt: null,
};

/** libosinfo's ids name the vendor: what virt-install and virt-manager write. */
const VENDORS: readonly (readonly [RegExp, "linux" | "windows" | "other"])[] = [
  [/^https?:\/\/microsoft\.com\//, "windows"],
  [/^https?:\/\/(freebsd|openbsd|netbsd|apple|haiku-os|reactos|oracle\.com\/solaris)/, "other"],
  [/^https?:\/\//, "linux"],
];

function familyByLibosinfo(metadata: XmlElement): VmMetadata["osFamily"] {
  const id = metadata.findIn("http://libosinfo.org/xmlns/libvirt/domain/1.0", "libosinfo")?.elements()[0]?.attribute("id");
  return VENDORS.find(([pattern]) => pattern.test(id ?? ""))?.[1] ?? null;
}

const oneOf = <T extends string>(value: string | null, choices: readonly T[]): T | null =>
  choices.find((choice) => choice === value) ?? null;

/** domainSetMetadata puts its prefix onto what is inside too. */
const isTag = ({ name }: XmlElement): boolean => name.split(":").at(-1) === "tag";

/** Of a domain's root. What is not there, or not what it should be, is as if it had never been said. */
export function readMetadata(root: XmlElement): VmMetadata {
  const metadata = root.find("metadata");
  if (!metadata) return NONE;
  const own = metadata.findIn(METADATA_NAMESPACE, "vm");
  if (!own) return { ...NONE, osFamily: familyByLibosinfo(metadata) };
  const bytes = (name: string) => {
    const value = Number(own.attribute(name) ?? Number.NaN);
    return Number.isSafeInteger(value) && value > 0 ? value : null;
  };
  return {
    osFamily: oneOf(own.attribute("os_family"), ["linux", "windows", "other"]) ?? familyByLibosinfo(metadata),
    tags: own
      .elements()
      .filter(isTag)
      .map((tag) => tag.text),
    deletionProtection: own.attribute("deletion_protection") === "yes",
    stopAction: oneOf(own.attribute("stop_action"), ["shutdown", "save", "turn-off"]) ?? "shutdown",
    storageClass: own.attribute("storage_class"),
    memoryMinBytes: bytes("memory_min_bytes"),
    memoryMaxBytes: bytes("memory_max_bytes"),
    createdAt: own.attribute("created_at"),
  };
}

function elementOf(metadata: VmMetadata, name: string, declared: readonly (readonly [string, string])[]): XmlElement {
  const attributes = [
    ["os_family", metadata.osFamily],
    ["deletion_protection", metadata.deletionProtection ? "yes" : null],
    ["stop_action", metadata.stopAction],
    ["storage_class", metadata.storageClass],
    ["memory_min_bytes", metadata.memoryMinBytes?.toString() ?? null],
    ["memory_max_bytes", metadata.memoryMaxBytes?.toString() ?? null],
    ["created_at", metadata.createdAt],
  ].filter((attribute): attribute is [string, string] => attribute[1] !== null);
  const own = new XmlElement(name, [...declared, ...attributes], METADATA_NAMESPACE);
  for (const tag of metadata.tags) own.append(new XmlElement("tag").setText(tag));
  return own;
}

/** Arguments of domainSetMetadata that replace ours: libvirt puts the namespace onto the outer element itself, and refuses one that is there. */
export function metadataArguments(metadata: VmMetadata): {
  readonly type: number;
  readonly metadata: string;
  readonly key: string;
  readonly uri: string;
} {
  return { type: METADATA_ELEMENT, metadata: elementOf(metadata, "vm", []).toString(), key: PREFIX, uri: METADATA_NAMESPACE };
}

/** Replaces ours in a domain's XML and nothing else. */
export function writeMetadata(root: XmlElement, metadata: VmMetadata): void {
  const all = root.ensure("metadata");
  const old = all.findIn(METADATA_NAMESPACE, "vm");
  const own = elementOf(metadata, `${PREFIX}:vm`, [[`xmlns:${PREFIX}`, METADATA_NAMESPACE]]);
  if (old) all.insertAfter(old, own);
  else all.append(own);
  if (old) all.remove(old);
}
