// One look at what [libvirt] of relay.toml names: the daemon, storage classes, networks, images, the processor. For `farhand
// doctor`; a running relay looks by its driver.
import { access, constants, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Connection } from "./drivers/libvirt/rpc/connection.ts";
import { isLibvirtError } from "./drivers/libvirt/rpc/errors.ts";
import type { LibvirtTable, NetworkTable } from "./drivers/libvirt/tables.ts";
import { canKvm, openForLook, refusedSocket } from "./vm-places.ts";

export interface VmLook {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy?: string;
}

const DEADLINE_MS = 5_000;
/** libvirt writes 9.0.0 as 9,000,000. */
const version = (number: number) => `${Math.floor(number / 1_000_000)}.${Math.floor(number / 1_000) % 1_000}.${number % 1_000}`;

/** Never throws; takes some seconds at most. */
export async function lookAtVirtualMachines(table: LibvirtTable): Promise<VmLook[]> {
  const folders = Object.entries(table.storage).map(([name, { path }]) => folderLook(name, path));
  const images = Object.entries(table.images).map(([name, { path }]) => imageLook(name, path));
  const files = Promise.all([...folders, ...images]);
  let connection: Connection;
  try {
    connection = await openForLook(table.uri, DEADLINE_MS);
  } catch (error) {
    return [daemonFailure(table.uri, error), ...(await files)];
  }
  try {
    const networks = Object.entries(table.networks).map(([name, network]) => networkLook(connection, name, network));
    const daemon = [await daemonLook(connection, table), ...(await typeLook(connection, table))];
    return [...daemon, ...(await files), ...(await Promise.all(networks)).flat()];
  } finally {
    connection.close();
  }
}

function daemonFailure(uri: string, error: unknown): VmLook {
  const socket = refusedSocket(error);
  const said = { name: "libvirt", ok: false } as const;
  if (socket === null)
    return {
      ...said,
      detail: `${uri}: ${error instanceof Error ? error.message : "does not answer"}`,
      remedy: "Start it (systemctl start libvirtd, or virtqemud.socket), or correct uri under [libvirt].",
    };
  const user = userInfo().username;
  return {
    ...said,
    detail: `${socket} is not open to ${user}`,
    remedy: `usermod -aG libvirt ${user}, then start the relay in a new session (docs/kvm.md).`,
  };
}

async function daemonLook(connection: Connection, { uri }: LibvirtTable): Promise<VmLook> {
  try {
    const { version: number } = await connection.call("connectGetLibVersion", {}, { timeoutMs: DEADLINE_MS });
    return { name: "libvirt", ok: true, detail: `${version(number)} answers at ${uri}` };
  } catch (error) {
    return daemonFailure(uri, error);
  }
}

async function typeLook(connection: Connection, { domain_type: type }: LibvirtTable): Promise<VmLook[]> {
  if (type === "qemu" || (await canKvm(connection))) return [];
  const remedy = 'Turn virtualisation on in the firmware, or set domain_type = "qemu" (software emulation) under [libvirt].';
  return [{ name: "kvm", ok: false, detail: "libvirt or the processor offers no KVM here", remedy }];
}

/** A class's folder is asked for by the relay, its files are made by libvirt: passing through is enough for the relay. */
async function folderLook(name: string, path: string): Promise<VmLook> {
  const what = `storage ${name}`;
  try {
    if (!(await stat(path)).isDirectory()) return { name: what, ok: false, detail: `${path} is no folder`, remedy: "Name a folder." };
    await access(path, constants.X_OK);
    return { name: what, ok: true, detail: path };
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const remedy = isMissing ? `mkdir ${path}, or correct its path.` : "Let the relay's user pass through it and the folders above it.";
    return { name: what, ok: false, detail: `${path} ${isMissing ? "does not exist" : "is not open to this user"}`, remedy };
  }
}

async function imageLook(name: string, path: string): Promise<VmLook> {
  const isFile = await stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
  if (isFile) return { name: `image ${name}`, ok: true, detail: path };
  return {
    name: `image ${name}`,
    ok: false,
    detail: `${path} is no file, or not to this user`,
    remedy: "Put it there, or correct its path.",
  };
}

async function networkLook(connection: Connection, name: string, table: NetworkTable): Promise<VmLook[]> {
  const what = `network ${name}`;
  if (table.network !== undefined) return [{ name: what, ...(await libvirtNetwork(connection, table.network)) }];
  if (table.bridge === undefined || process.platform !== "linux") return [{ name: what, ok: true, detail: "QEMU's own NAT" }];
  const isThere = await access(join("/sys/class/net", table.bridge)).then(
    () => true,
    () => false,
  );
  if (isThere) return [{ name: what, ok: true, detail: `bridge ${table.bridge}` }];
  return [{ name: what, ok: false, detail: `there is no bridge ${table.bridge}`, remedy: "Make the bridge, or correct its name." }];
}

async function libvirtNetwork(connection: Connection, wanted: string): Promise<Omit<VmLook, "name">> {
  const limits = { timeoutMs: DEADLINE_MS };
  try {
    const { network } = await connection.call("networkLookupByName", { name: wanted }, limits);
    const { active } = await connection.call("networkIsActive", { network }, limits);
    if (active) return { ok: true, detail: `libvirt's network ${wanted}` };
    return {
      ok: false,
      detail: `libvirt's network ${wanted} is not started`,
      remedy: `virsh net-start ${wanted} && virsh net-autostart ${wanted}`,
    };
  } catch (error) {
    const isMissing = isLibvirtError(error, "NO_NETWORK");
    return {
      ok: false,
      detail: isMissing ? `libvirt has no network ${wanted}` : `libvirt does not tell of its network ${wanted}`,
      remedy: isMissing ? "Define it (virsh net-define), or correct its name." : "See libvirt's log (journalctl -u libvirtd).",
    };
  }
}
