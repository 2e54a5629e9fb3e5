// The manifest of an exported machine: what it is in the terms of vm.create, and which file is which disk. Written by an export;
// read from outside by an import, which believes nothing else of the folder. No paths, no hypervisor's own definition.
import * as z from "zod";
import { checkSpec, fieldErrors } from "../../../../protocol/operations/define.ts";
import { DISK_BUSES, NIC_MODELS } from "../../../../protocol/operations/vm-devices.ts";
import { deviceNameSchema, vmIdSchema } from "../../../../protocol/operations/vm-fields.ts";
import type { vmData } from "../../../../protocol/operations/vm-view.ts";
import { vmCreate } from "../../../../protocol/operations/vm.ts";
import { VmFailure } from "../../virtual/failure.ts";
import { VARIABLES_BYTES } from "./variables.ts";
import type { CreateSpec } from "../vms/create-plan.ts";

export const MANIFEST_FILE = "manifest.json";
export const MANIFEST_BYTES = 256 * 1024;

const manifestSchema = z.strictObject({
  kind: z.literal("farhand-vm"),
  version: z.literal(1),
  exported_at: z.string().max(64),
  id: vmIdSchema,
  disks: z
    .array(
      z.strictObject({
        name: deviceNameSchema,
        file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.qcow2$/),
        format: z.literal("qcow2"),
        size_bytes: z
          .int()
          .min(0)
          .max(64 * 2 ** 40),
      }),
    )
    .max(64),
  /** What the UEFI firmware remembers; null: nothing. */
  variables: z.strictObject({ file: z.literal("variables.fd"), size_bytes: z.int().min(1).max(VARIABLES_BYTES) }).nullable(),
  /** Adapters on no network that its host declared: not exported. */
  left_out: z.array(z.string().max(64)).max(64),
  vm: z.unknown(),
});

export interface Manifest extends Omit<z.infer<typeof manifestSchema>, "vm"> {
  readonly vm: CreateSpec;
}

type VmView = z.infer<typeof vmData>;

const MiB = 2 ** 20;
const upTo = (step: number, value: number): number => Math.ceil(value / step) * step;
const oneOf = <T extends string>(value: string, choices: readonly T[]): T | undefined => choices.find((choice) => choice === value);
const filled = (object: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined && value !== null));

const diskOf = (disk: VmView["disks"][number]) =>
  filled({
    name: disk.name,
    size_bytes: Math.max(MiB, upTo(4096, disk.size_bytes ?? 0)),
    bus: oneOf(disk.bus, DISK_BUSES),
    cache: oneOf(disk.cache, ["none", "writeback", "writethrough"]),
    discard: disk.discard,
    iops_max: disk.iops_max,
    bytes_per_second_max: disk.bytes_per_second_max,
    read_only: disk.read_only || undefined,
  });

const nicOf = (nic: VmView["nics"][number]) =>
  filled({
    network: nic.network,
    name: nic.name,
    mac: nic.mac,
    model: oneOf(nic.model, NIC_MODELS),
    vlan: nic.vlan,
    vlan_trunk: nic.vlan_trunk && filled({ native: nic.vlan_trunk.native, allowed: nic.vlan_trunk.allowed }),
    mac_spoofing_guard: nic.mac_spoofing_guard,
    dhcp_guard: nic.dhcp_guard,
    router_guard: nic.router_guard,
    bandwidth_min_bps: nic.bandwidth_min_bps,
    bandwidth_max_bps: nic.bandwidth_max_bps,
    connected: nic.connected,
  });

/** As vm.create would be asked for it, and what that cannot say. Memory is rounded up to what the contract counts in. */
export function specOf(vm: VmView): { readonly spec: unknown; readonly leftOut: string[] } {
  const disks = vm.disks.filter(({ kind }) => kind === "disk");
  const nics = vm.nics.filter(({ network }) => network !== null);
  const known = new Set([...disks, ...nics].map(({ name }) => name));
  const order = vm.boot_order.filter((name) => known.has(name));
  const memory = (bytes: number | null) => (bytes === null ? undefined : upTo(2 * MiB, bytes));
  const spec = filled({
    name: vm.name,
    description: vm.description,
    tags: vm.tags,
    os_family: vm.os_family,
    deletion_protection: vm.deletion_protection,
    cpus: vm.cpus,
    cpu_topology: vm.cpu_topology,
    memory_bytes: memory(vm.memory_bytes),
    memory_min_bytes: memory(vm.memory_min_bytes),
    memory_max_bytes: memory(vm.memory_max_bytes),
    firmware: vm.firmware,
    secure_boot: vm.secure_boot || undefined,
    tpm: vm.tpm || undefined,
    nested: vm.nested || undefined,
    boot_order: order.length > 0 ? order : undefined,
    disks: disks.map(diskOf),
    nics: nics.map(nicOf),
  });
  return { spec, leftOut: vm.nics.filter(({ network }) => network === null).map(({ name }) => name) };
}

/** Throws VM_CONFIG_INVALID for a machine that the contract cannot say. */
export function writeManifest(
  vm: VmView,
  { disks, variables }: Pick<Manifest, "disks" | "variables">,
  now: Date,
): { readonly bytes: Buffer; readonly leftOut: string[] } {
  const { spec, leftOut } = specOf(vm);
  const { errors } = checkSpec(vmCreate, spec, "");
  const [first] = errors;
  if (first) throw new VmFailure("VM_CONFIG_INVALID", `The machine cannot be exported: its ${first.pointer.slice(1)} ${first.message}.`);
  const manifest = {
    kind: "farhand-vm",
    version: 1,
    exported_at: now.toISOString(),
    id: vm.id,
    disks,
    variables,
    left_out: leftOut,
    vm: spec,
  };
  return { bytes: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`), leftOut };
}

const invalid = (why: string, cause?: unknown): VmFailure =>
  new VmFailure("VM_CONFIG_INVALID", `The folder's manifest ${why}.`, [{ pointer: "/folder", message: `holds a manifest that ${why}` }], {
    cause,
  });

/** Throws VM_CONFIG_INVALID. Says where it is wrong and never what stands there. */
export function readManifest(bytes: Uint8Array): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid("is no JSON", cause);
  }
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) throw invalid(`is wrong at ${fieldErrors(parsed.error)[0]?.pointer || "/"}`);
  const { spec, errors } = checkSpec(vmCreate, parsed.data.vm, "/vm");
  if (spec === null) throw invalid(`is wrong at ${errors[0]?.pointer ?? "/vm"}`);
  const names = spec.disks.map((disk, index) => disk.name ?? `disk${index}`);
  const { disks } = parsed.data;
  if (new Set(disks.map(({ file }) => file)).size !== disks.length) throw invalid("names a file twice");
  if (disks.length !== names.length || disks.some(({ name }, index) => name !== names[index]))
    throw invalid("has other disks than its machine");
  if (
    spec.disks.some(({ image, storage_class: at }) => image !== undefined || at !== undefined) ||
    spec.iso !== undefined ||
    spec.seed !== undefined
  )
    throw invalid("names images or storage of another host");
  return { ...parsed.data, vm: spec };
}
