// A host of virtual machines behind the real edge: a libvirtd of its own, the product with it in relay.toml, and HTTP alone to it.
// virsh is the oracle.
import { libvirtToml } from "../fixtures/libvirt-toml.ts";
import { startLibvirtd, type Libvirtd } from "../fixtures/libvirtd.ts";
import { startProduct, type Product } from "../product.ts";
import { until } from "./api.ts";
import { VmHost, type DataOf } from "./vm-host.ts";

export type { DataOf, Machine } from "./vm-host.ts";

const MIB = 1024 ** 2;

export interface RigOptions {
  readonly slots?: number;
  /** Path of a disk that boots: the image `guest`. */
  readonly guest?: string;
}

const tomlOf = (daemon: Libvirtd, { slots = 8, guest }: RigOptions) => `name = "kvm"
slots = ${slots}
${libvirtToml(daemon, { network: "nat", images: guest === undefined ? {} : { guest } })}`;

export class VmRig extends VmHost {
  readonly daemon: Libvirtd;

  constructor(daemon: Libvirtd, product: Product) {
    super(product, "kvm");
    this.daemon = daemon;
  }

  static async start(options: RigOptions = {}): Promise<VmRig> {
    const daemon = await startLibvirtd();
    const product = await startProduct(tomlOf(daemon, options)).catch(async (error: unknown) => {
      await daemon.stop();
      throw error;
    });
    const rig = new VmRig(daemon, product);
    try {
      await until("the hypervisor", () => rig.answers());
      return rig;
    } catch (error) {
      await rig.stop();
      throw error;
    }
  }

  async answers(): Promise<boolean> {
    const call = { operation: "vm.list", resource_spec: {} };
    const { status, body } = await this.ask<{ status: string }>("POST", "/calls", call);
    return status === 200 && body.status === "success";
  }

  async stop(): Promise<void> {
    await this.product.stop();
    await this.daemon.stop();
  }

  /** A small machine; BIOS is the quicker firmware. */
  create(name: string, more: object = {}): Promise<DataOf<"vm.create">> {
    return this.done("vm.create", "POST", "/vms", { ...machine(name), ...more });
  }

  virsh(...args: string[]): Promise<string> {
    return this.daemon.virsh(this.daemon.uri, ...args);
  }

  async names(): Promise<string[]> {
    return (await this.virsh("list", "--all", "--name")).split("\n").filter(Boolean);
  }
}

export const machine = (name: string) => ({
  name,
  firmware: "bios",
  cpus: 1,
  memory_bytes: 64 * MIB,
  disks: [{ size_bytes: 16 * MIB }],
  nics: [{ network: "nat" }],
});
