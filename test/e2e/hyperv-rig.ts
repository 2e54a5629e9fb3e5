// A Hyper-V host behind the real edge: the product with [hyperv] in relay.toml, the real agent in real PowerShell 7, on the fake
// Hyper-V of test/agents/hyperv, and HTTP alone to it. The fake's world file is the oracle.
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { InventoryItem } from "../../protocol/inventory.ts";
import { startProduct, type Product } from "../product.ts";
import { makeFakeWorld, readFakeWorld } from "../relay/drivers/hyperv/fake-world.ts";
import { until } from "./api.ts";
import { VmHost, type Answer, type Ended } from "./vm-host.ts";

export interface VmList {
  readonly items: readonly (InventoryItem & { readonly host: string })[];
  readonly as_of: string | null;
  readonly stale: boolean;
}

export const hypervToml = (folder: string, powershell: string): string => `name = "hyperv"
slots = 8
[hyperv]
powershell = "${powershell}"
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

const environmentOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    return "";
  }
};

export class HypervRig extends VmHost {
  readonly folder: string;

  constructor(product: Product, folder: string) {
    super(product, "hyperv");
    this.folder = folder;
  }

  /** Waits for the first look at the machines. */
  static async start(world: object = {}): Promise<HypervRig> {
    const { folder, powershell } = makeFakeWorld(world);
    const product = await startProduct(hypervToml(folder, powershell)).catch((error: unknown) => {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    });
    const rig = new HypervRig(product, folder);
    try {
      await until("the first look", async () => (await rig.list()).as_of !== null, 40_000);
      return rig;
    } catch (error) {
      await rig.stop();
      throw error;
    }
  }

  /** Asked again where the machine of the tests is too busy to start an agent in the seconds that a question has. */
  override get<T>(path: string): Promise<Answer<T>> {
    return until(
      `an answer to ${path}`,
      async () => {
        const answer = await super.get<T>(path);
        return (answer.body as { code?: string }).code !== "LINK_TIMEOUT" && answer;
      },
      60_000,
    );
  }

  /** Asked for again under its key, with the same end, where that busy machine needs longer than a request may wait. */
  override async change(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<Ended>> {
    const keyed = { "idempotency-key": randomUUID(), ...headers };
    for (let asked = 1; ; asked += 1) {
      const answer = await super.change(method, path, body, keyed);
      if (answer.status !== 202 || asked === 4) return answer;
    }
  }

  /** The edge's list, as the host told. */
  list(): Promise<VmList> {
    return this.read<VmList>("/vms");
  }

  /** The fake's own books. */
  world(): ReturnType<typeof readFakeWorld> {
    return readFakeWorld(this.folder);
  }

  files(name: string): string[] {
    return readdirSync(join(this.folder, name), { recursive: true }).map(String);
  }

  /** Processes of host agents of this host, by what their environment says: no other host's. */
  agents(): string[] {
    const own = `FAKE_HYPERV_STATE=${join(this.folder, "world.json")}\0`;
    return readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name) && environmentOf(name).includes(own));
  }

  async stop(): Promise<void> {
    await this.product.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
