// What every hypervisor is asked in the contract suite, and what every answer obeys whatever was asked. Knows no hypervisor: what a
// host has and has not is what its catalogue says.
import { expect } from "vitest";
import type * as z from "zod";
import { jobResultSchema } from "../../../../protocol/envelope.ts";
import { isErrorCode } from "../../../../protocol/errors.ts";
import { VM_OPERATIONS } from "../../../../protocol/operations/virtual-machines.ts";
import type { VirtualResources } from "../../../../protocol/virtual-resources.ts";
import type { HandlerResult } from "../../../../relay/drivers/contract.ts";

export type Operations = keyof typeof VM_OPERATIONS;
export type DataOf<N extends Operations> = z.infer<(typeof VM_OPERATIONS)[N]["data"]>;
export type ResultOf<N extends Operations> = HandlerResult & { readonly data?: DataOf<N> };
export type Vm = DataOf<"vm.get">;
export type Spec = Readonly<Record<string, unknown>>;

/** A driver on its hypervisor. It declares two storage classes, two networks that carry bandwidth limits, a disk image and an ISO. */
export interface ContractHost {
  /** As a job is run: the specification checked first. */
  run<N extends Operations>(operation: N, spec: unknown, options?: { readonly plan?: boolean }): Promise<ResultOf<N>>;
  resources(): VirtualResources;
  /** Another machine of that name, made behind the driver's back; null: the hypervisor has no two of one name. */
  namesake(name: string): Promise<string | null>;
  /** Gives a machine that is off a disk that lies in no storage class, behind the driver's back. */
  attachOutside(vm: string): Promise<void>;
  stop(): Promise<void>;
}

export const MiB = 1024 ** 2;
export const NOBODY = "00000000-1111-4222-8333-444444444444";
/** Quotes, variables, subexpressions, markup, line ends, what is not ASCII. */
export const HOSTILE = `"'\`"$(Remove-VM *); $env:PATH @{a=1} %PATH% | & rm -rf / #>\n<# </description>&lt;]]> {0} ünï 漢字 \ufffd\t--%`;

interface Refusal {
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

/** The first field that a refusal names. */
export function pointerOf({ data }: { readonly data?: unknown }): string | undefined {
  return (data as Refusal | undefined)?.errors?.[0]?.pointer;
}

function expectChange(data: DataOf<"vm.update">, result: HandlerResult, plan: boolean, of: string): void {
  expect(data.planned, of).toBe(plan);
  expect(data.changed, of).toEqual([...new Set(data.changes.map(({ field }) => field))]);
  expect(data.needs_restart, of).toBe(data.changes.some((change) => change.needs_restart));
  expect(result.status, of).toBe(data.not_changed.length === 0 ? "success" : data.changes.length > 0 ? "partial" : "error");
  for (const { field, code, message } of data.not_changed) {
    expect(data.changed, of).not.toContain(field);
    expect(isErrorCode(code) && message.length > 5, of).toBe(true);
  }
}

/** Within the contract to the last field, and true to itself. */
function expectResult(operation: Operations, result: HandlerResult, plan: boolean): void {
  const of = `${operation}: ${JSON.stringify(result).slice(0, 600)}`;
  expect(jobResultSchema.safeParse({ ...result, logs: [], correlation_id: "test" }).error, of).toBeUndefined();
  if (result.status === "success") expect(result.code, of).toBeUndefined();
  else expect(isErrorCode(result.code ?? "") && result.message.length > 5, of).toBe(true);
  const data: unknown = result.data;
  const isChange = typeof data === "object" && data !== null && "changes" in data;
  if (result.status === "error" && !isChange) {
    for (const { pointer, message } of (data as Refusal | undefined)?.errors ?? []) {
      expect(pointer, of).toMatch(/^(\/[^/]+)*$/);
      expect(message.length, of).toBeGreaterThan(2);
    }
    return;
  }
  // What the schema does not name would be dropped on its way.
  expect(VM_OPERATIONS[operation].data.parse(data), of).toEqual(data);
  if (isChange) expectChange(data as DataOf<"vm.update">, result, plan, of);
}

export class Contract {
  readonly host: ContractHost;
  readonly resources: VirtualResources;
  readonly #imageBytes: () => Promise<number>;

  constructor(host: ContractHost) {
    this.host = host;
    this.resources = host.resources();
    let bytes: Promise<number> | undefined;
    this.#imageBytes = () =>
      (bytes ??= this.done("image.list", {}).then(({ items }) => items.find(({ name }) => name === this.image)!.size_bytes!));
  }

  async run<N extends Operations>(operation: N, spec: Spec, plan = false): Promise<ResultOf<N>> {
    const result = await this.host.run(operation, spec, { plan });
    expectResult(operation, result, plan);
    return result;
  }

  /** Must succeed as a whole. */
  async done<N extends Operations>(operation: N, spec: Spec): Promise<DataOf<N>> {
    return this.#succeeded(operation, await this.run(operation, spec));
  }

  async planned<N extends Operations>(operation: N, spec: Spec): Promise<DataOf<N>> {
    return this.#succeeded(operation, await this.run(operation, spec, true));
  }

  /** Refused with that code, at that field when one is given; planned too, where it can be planned. */
  async refused(operation: Operations, spec: Spec, code: string, pointer?: string): Promise<void> {
    for (const plan of VM_OPERATIONS[operation].plannable ? [true, false] : [false])
      await this.#refused(operation, spec, code, pointer, plan);
  }

  /** A small machine, off, unless the specification says more. */
  make(name: string, more: Spec = {}): Promise<DataOf<"vm.create">> {
    return this.done("vm.create", { name, cpus: 1, memory_bytes: 64 * MiB, ...more });
  }

  get(vm: string): Promise<Vm> {
    return this.done("vm.get", { vm });
  }

  /** Whether the host has a place for that field of the contract, or operation (`vm.console`), or field of one (`nic.update/model`). */
  has(field: string): boolean {
    return !this.resources.unsupported.includes(field);
  }

  /** Without the fields that the host has no place for. */
  withSupported<T extends Spec>(fields: T): Partial<T> {
    return Object.fromEntries(Object.entries(fields).filter(([field]) => this.has(field))) as Partial<T>;
  }

  get classes(): readonly [string, string] {
    const [first, second] = this.resources.storage;
    return [first!.name, second!.name];
  }

  /** Such that take limits and guards; VLANs are another thing. */
  get networks(): readonly [string, string] {
    const [first, second] = this.resources.networks;
    return [first!.name, second!.name];
  }

  get image(): string {
    return this.resources.images.find(({ kind }) => kind === "disk")!.name;
  }

  get iso(): string {
    return this.resources.images.find(({ kind }) => kind === "iso")!.name;
  }

  /** Of the disk image. */
  imageBytes(): Promise<number> {
    return this.#imageBytes();
  }

  async #refused(operation: Operations, spec: Spec, code: string, pointer: string | undefined, plan: boolean): Promise<void> {
    const result = await this.run(operation, spec, plan);
    const said = [operation, plan, result.status, result.code, result.message];
    expect(said, JSON.stringify(spec)).toEqual([operation, plan, "error", code, result.message]);
    if (pointer !== undefined) expect([operation, code, pointerOf(result)]).toEqual([operation, code, pointer]);
  }

  #succeeded<N extends Operations>(operation: N, result: ResultOf<N>): DataOf<N> {
    if (result.status !== "success")
      throw new Error(`${operation}: ${result.code} ${result.message} ${JSON.stringify(result.data ?? null)}`);
    return result.data as DataOf<N>;
  }
}

/** The contract of the file's one world, which is there when a case runs. */
export type The = () => Contract;
