// A Hyper-V host as the browser tests find it: the product with [hyperv], the real agent in real PowerShell 7, and the fake Hyper-V
// of test/agents/hyperv; beside it, where wanted, a KVM host on a libvirtd of its own, so that the fleet is mixed.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host } from "../../protocol/api/shapes.ts";
import { libvirtToml } from "../fixtures/libvirt-toml.ts";
import { startLibvirtd, type Libvirtd } from "../fixtures/libvirtd.ts";
import { until } from "../fixtures/until.ts";
import { startProduct, type Product } from "../product.ts";
import { writeFakePowershell, writeFakeVhd } from "../relay/drivers/hyperv/fake-world.ts";

const ENTRY = join(import.meta.dirname, "../../cli/farhand.mjs");
const ALLOW = `[allow]
operations = ["vm.*", "disk.*", "nic.*", "snapshot.*", "iso.*", "image.*", "network.*", "storage.*"]
`;

const toml = (folder: string) => `name = "hv1"
${ALLOW}[hyperv]
powershell = "${writeFakePowershell(folder)}"
inventory_every_ms = 60000
[hyperv.storage.default]
path = "${join(folder, "default")}"
description = "the usual one"
[hyperv.networks.lan]
switch = "LAN switch"
[hyperv.networks.dmz]
switch = "LAN switch"
vlan = 30
[hyperv.images.debian]
path = "${join(folder, "images/debian.vhdx")}"
os_family = "linux"
[hyperv.images.installer]
path = "${join(folder, "images/installer.iso")}"
`;

export interface HypervRig {
  readonly product: Product;
  /** The fake's own books. */
  readonly world: () => { readonly vms: readonly Record<string, unknown>[] };
  /** null: there is none. */
  readonly kvm: Libvirtd | null;
  stop(): Promise<void>;
}

/** A folder with the fake's world in it: a switch, an image, a disc. */
export function makeWorld(): string {
  const folder = mkdtempSync(join(tmpdir(), "farhand-hyperv-web-"));
  for (const name of ["default", "images"]) mkdirSync(join(folder, name));
  writeFakeVhd(join(folder, "images/debian.vhdx"));
  writeFileSync(join(folder, "images/installer.iso"), Buffer.alloc(64 * 1024));
  writeFileSync(join(folder, "world.json"), JSON.stringify({ switches: [{ name: "LAN switch", type: "External" }] }));
  return folder;
}

/** Waits until the edge knows that the host's hypervisor answers. */
async function hasMachines(product: Product, name: string): Promise<void> {
  await until(`the hypervisor of ${name}`, async () => {
    const { status, body } = await product.request("GET", `/api/v1/hosts/${name}`);
    return status === 200 && ((JSON.parse(body) as Host).capabilities?.virtual ?? null) !== null;
  });
}

/** One more relay on the same edge. Answers its end. */
async function addKvm(product: Product, daemon: Libvirtd): Promise<() => Promise<void>> {
  const state = join(product.dir, "state-kvm1");
  const config = join(product.dir, "kvm1.toml");
  mkdirSync(state);
  writeFileSync(config, `name = "kvm1"\nstate_dir = "${state}"\n${ALLOW}${libvirtToml(daemon, { network: "nat", images: {} })}`);
  const made = await product.request("POST", "/api/v1/enrollments", { host: "kvm1" });
  const run = (args: readonly string[]): ChildProcess =>
    spawn(process.execPath, [ENTRY, ...args], { stdio: ["ignore", "ignore", process.env["FARHAND_LOGS"] ? "inherit" : "ignore"] });
  const { code } = JSON.parse(made.body) as { code: string };
  await once(run(["enroll", product.ready.url, code, "--state", state]), "close");
  const relay = run(["relay", "--config", config, "--edge", product.ready.url]);
  await hasMachines(product, "kvm1");
  return async () => {
    const gone = once(relay, "close");
    relay.kill("SIGTERM");
    await gone;
  };
}

export async function startHypervRig({ withKvm = false } = {}): Promise<HypervRig> {
  const folder = makeWorld();
  const product = await startProduct(toml(folder));
  const kvm = withKvm ? await startLibvirtd() : null;
  let endKvm = async () => {};
  const stop = async () => {
    await endKvm();
    await product.stop();
    await kvm?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await hasMachines(product, "hv1");
    if (kvm) endKvm = await addKvm(product, kvm);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    product,
    kvm,
    world: () => JSON.parse(readFileSync(join(folder, "world.json"), "utf8")) as ReturnType<HypervRig["world"]>,
    stop,
  };
}
