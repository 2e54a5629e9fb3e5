// A host of virtual machines as its users reach it: HTTP to the edge, nothing else. Knows no hypervisor.
import type * as z from "zod";
import type { Job, Problem } from "../../protocol/api/shapes.ts";
import type { VM_OPERATIONS } from "../../protocol/operations/virtual-machines.ts";
import type { Product } from "../product.ts";
import { json } from "./api.ts";

export type DataOf<N extends keyof typeof VM_OPERATIONS> = z.infer<(typeof VM_OPERATIONS)[N]["data"]>;
export type Machine = DataOf<"vm.get">;

/** A job, or a problem: the test says which it expects. */
export type Ended = Pick<Job, "id" | "result"> &
  Pick<Problem, "code" | "detail" | "errors" | "job" | "remedy"> & { readonly status: string | number };

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

export class VmHost {
  readonly product: Product;
  readonly name: string;

  constructor(product: Product, name: string) {
    this.product = product;
    this.name = name;
  }

  /** Below `/api/v1/hosts/{name}`. */
  ask<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>> {
    return json<T>(this.product, method, `/api/v1/hosts/${this.name}${path}`, body, headers);
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

  /** A question that must be answered. */
  async read<T>(path: string): Promise<T> {
    const { status, body } = await this.get<T>(path);
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  machine(id: string): Promise<Machine> {
    return this.read<Machine>(`/vms/${id}`);
  }
}
