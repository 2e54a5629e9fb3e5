// Whether a libvirt answers on this machine, and the [libvirt] table that would use it. Only looks: asks libvirt, changes nothing.
import { readFile, stat } from "node:fs/promises";
import { resolveAddress } from "./drivers/libvirt/rpc/address.ts";
import { Connection } from "./drivers/libvirt/rpc/connection.ts";
import { LibvirtError } from "./drivers/libvirt/rpc/errors.ts";

/** Of a [libvirt] table that this machine could have. */
export interface VmPlace {
  readonly uri: string;
  readonly domainType: "kvm" | "qemu";
  /** Of the storage class `default`; null: there is no such folder. */
  readonly folder: string | null;
  /** libvirt's own network; null: it has none that is called so. */
  readonly network: "default" | null;
}

/** Where a look looks; a test points these elsewhere. */
export interface VmWhere {
  readonly uri: string;
  readonly folder: string;
  readonly cpuinfo: string;
}

export const VM_WHERE: VmWhere = { uri: "qemu:///system", folder: "/var/lib/libvirt/images", cpuinfo: "/proc/cpuinfo" };

/** libvirt probes QEMU when it is asked for the first time after a start. */
const DEADLINE_MS = 5_000;
const NETWORK = "default";

/** Refused because of rights, with the socket's path: null for every other reason. */
export function refusedSocket(error: unknown): string | null {
  const cause = error instanceof LibvirtError ? (error.cause as (NodeJS.ErrnoException & { address?: string }) | undefined) : undefined;
  return cause?.code === "EACCES" || cause?.code === "EPERM" ? (cause.address ?? "libvirt's socket") : null;
}

/** A connection for a look. Rejects with LibvirtError, or TypeError for a URI that leads nowhere. Close it. */
export const openForLook = (uri: string, deadlineMs = DEADLINE_MS): Promise<Connection> =>
  Connection.open(resolveAddress(uri), { timeoutMs: deadlineMs, signal: AbortSignal.timeout(deadlineMs) });

/**
 * libvirt offers KVM wherever /dev/kvm can be opened. On x86 that runs no ordinary guest unless the processor has the extensions
 * (a virtual machine without nested virtualisation has none).
 */
export async function canKvm(connection: Connection, cpuinfo = VM_WHERE.cpuinfo): Promise<boolean> {
  const kind = { emulator: null, arch: null, machine: null, type: "kvm", flags: 0 };
  const offered = await connection.call("connectGetDomainCapabilities", kind, { timeoutMs: DEADLINE_MS }).then(
    () => true,
    () => false,
  );
  if (!offered || process.arch !== "x64") return offered;
  return /^flags\s*:.*\b(vmx|svm)\b/m.test(await readFile(cpuinfo, "utf8").catch(() => ""));
}

const isFolder = (path: string) =>
  stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );

/** null: no libvirt answers there, or not to this user. Never throws; takes some seconds at most. */
export async function findLibvirt(where: VmWhere = VM_WHERE): Promise<VmPlace | null> {
  const connection = await openForLook(where.uri).catch(() => null);
  if (!connection) return null;
  try {
    const [isKvm, hasFolder, hasNetwork] = await Promise.all([
      canKvm(connection, where.cpuinfo),
      isFolder(where.folder),
      connection.call("connectListAllNetworks", { need: true, flags: 0 }, { timeoutMs: DEADLINE_MS }).then(
        ({ networks }) => networks.some(({ name }) => name === NETWORK),
        () => false,
      ),
    ]);
    return {
      uri: where.uri,
      domainType: isKvm ? "kvm" : "qemu",
      folder: hasFolder ? where.folder : null,
      network: hasNetwork ? NETWORK : null,
    };
  } finally {
    connection.close();
  }
}

/** Comments stand below one another, as in the rest of the starter file. */
const line = (text: string, comment: string): string => `${text.padEnd(32)} # ${comment}`;

/** The tables of relay.toml that use it. */
export function vmDeclaration({ uri, domainType, folder, network }: VmPlace): string {
  const type = {
    kvm: 'with the processor\'s help; "qemu": software emulation',
    qemu: "software emulation, slow; kvm needs a processor for it",
  };
  const storage = [
    "[libvirt.storage.default]",
    line(`path = ${JSON.stringify(folder)}`, "disks are made, changed and deleted nowhere else"),
  ];
  const nat = ["[libvirt.networks.nat]", line("user = true", "QEMU's own NAT: out, not in")];
  const own = ["[libvirt.networks.default]", line(`network = "${network}"`, "libvirt's own, with NAT and DHCP")];
  return [
    "[libvirt]",
    ...(uri === VM_WHERE.uri ? [] : [`uri = ${JSON.stringify(uri)}`]),
    line(`domain_type = "${domainType}"`, type[domainType]),
    ...(folder === null ? [] : storage),
    ...(network === null ? nat : own),
    "",
  ].join("\n");
}
