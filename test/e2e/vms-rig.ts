// A host of virtual machines behind the real edge: a libvirtd of its own, the product with it in relay.toml, and HTTP alone to it.
// virsh is the oracle.
import type * as z from "zod";
import type { Job, Problem } from "../../protocol/api/shapes.ts";
import type { VM_OPERATIONS } from "../../protocol/operations/virtual-machines.ts";
import { libvirtToml } from "../fixtures/libvirt-toml.ts";
import { startLibvirtd, type Libvirtd } from "../fixtures/libvirtd.ts";
import { startProduct, type Product } from "../product.ts";
import { json, until } from "./api.ts";

export type DataOf<N extends keyof typeof VM_OPERATIONS> = z.infer<(typeof VM_OPERATIONS)[N]["data"]>;
export type Machine = DataOf<"vm.get">;

/** A job, or a problem: the test says which it expects. */
export type Ended = Pick<Job, "id" | "result"> & Pick<Problem, "code" | "errors" | "job"> & { readonly status: string | number };

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

const MIB = 1024 ** 2;

export interface RigOptions {
  readonly slots?: number;
  /** Path of a disk that boots: the image `guest`. */
  readonly guest?: string;
}

const tomlOf = (daemon: Libvirtd, { slots = 8, guest }: RigOptions) => `name = "kvm"
slots = ${slots}
${libvirtToml(daemon, { network: "nat", images: guest === undefined ? {} : { guest } })}`;

export class VmRig {
  readonly daemon: Libvirtd;
  readonly product: Product;

  constructor(daemon: Libvirtd, product: Product) {
    this.daemon = daemon;
    this.product = product;
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

  /** Below `/api/v1/hosts/kvm`. */
  ask<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>> {
    return json<T>(this.product, method, `/api/v1/hosts/kvm${path}`, body, headers);
  }

  get<T>(path: string): Promise<Answer<T>> {
    return this.ask<T>("GET", path);
  }

  /** A change, waited for; whatever it answers. */
  change(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<Ended>> {
    return this.ask(method, path, body, { prefer: "wait=60", ...headers });
  }

  /** One that must succeed: its data. */
  async done<N extends keyof typeof VM_OPERATIONS>(_operation: N, method: string, path: string, body?: unknown): Promise<DataOf<N>> {
    const { status, body: job } = await this.change(method, path, body);
    if (status !== 200 || job.result?.status !== "success") throw new Error(`${method} ${path}: ${status} ${JSON.stringify(job)}`);
    return job.result.data as DataOf<N>;
  }

  /** A small machine; BIOS is the quicker firmware. */
  create(name: string, more: object = {}): Promise<DataOf<"vm.create">> {
    return this.done("vm.create", "POST", "/vms", { ...machine(name), ...more });
  }

  async machine(id: string): Promise<Machine> {
    const { status, body } = await this.get<Machine>(`/vms/${id}`);
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body;
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
