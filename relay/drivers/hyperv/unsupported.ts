// Fields of the contract that Hyper-V has no place for: refused with their pointer, never dropped. One list for the forms, the edge
// and the refusals.
import type { FieldError } from "../../../protocol/inputs.ts";
import type { VirtualResources } from "../../../protocol/virtual-resources.ts";
import { VmFailure } from "../virtual/failure.ts";

/** A value that says what is so anyway is no wish. */
const USUAL: Readonly<Record<string, readonly unknown[]>> = {
  cpu_topology: [undefined, null],
  cache: [undefined, "default"],
  discard: [undefined],
  bytes_per_second_max: [undefined, 0],
  read_only: [undefined, false],
};

const WORDS: Readonly<Record<string, string>> = {
  cpu_topology: "cannot be said: Hyper-V decides it",
  cache: "can only be default on Hyper-V",
  discard: "cannot be said: Hyper-V always gives freed blocks back",
  bytes_per_second_max: "cannot be had on Hyper-V; iops_max can",
  read_only: "cannot be had on Hyper-V",
};

const FIELDS = Object.keys(USUAL);

/** For the catalogue: fields, and what is refused elsewhere in this driver. */
export const UNSUPPORTED = [...FIELDS, "vm.console", "nic.update/model"];

type Fields = Readonly<Record<string, unknown>>;

const BUSES = ["scsi", "ide"];
const MODELS = ["paravirtual", "legacy"];
const FORMATS = ["vhdx"];

/** For the catalogue. uefi is generation 2, which has neither IDE nor the legacy adapter. */
export const CHOICES: VirtualResources["choices"] = [
  { field: "bus", firmware: "uefi", values: ["scsi"] },
  { field: "bus", firmware: "bios", values: BUSES },
  { field: "model", firmware: "uefi", values: ["paravirtual"] },
  { field: "model", firmware: "bios", values: MODELS },
  { field: "format", firmware: null, values: FORMATS },
];

function errorsOf(spec: Fields, at: string): FieldError[] {
  const errors = FIELDS.filter((field) => !USUAL[field]!.includes(spec[field])).map((field) => ({
    pointer: `${at}/${field}`,
    message: WORDS[field]!,
  }));
  const only = (field: string, values: readonly string[]) => {
    const value = spec[field];
    if (value !== undefined && !values.includes(value as string))
      errors.push({ pointer: `${at}/${field}`, message: `can only be ${values.join(" or ")} on Hyper-V` });
  };
  only("bus", BUSES);
  only("format", FORMATS);
  only("model", MODELS);
  return errors;
}

/** Throws HYPERVISOR_UNSUPPORTED that names each, in the disks and adapters of the specification too. */
export function refuseUnsupported(spec: Fields & { readonly disks?: readonly Fields[]; readonly nics?: readonly Fields[] }): void {
  const parts = [
    ...(spec.disks ?? []).map((disk, index) => errorsOf(disk, `/disks/${index}`)),
    ...(spec.nics ?? []).map((nic, index) => errorsOf(nic, `/nics/${index}`)),
  ];
  const errors = [...errorsOf(spec, ""), ...parts.flat()];
  const [first] = errors;
  if (first) throw new VmFailure("HYPERVISOR_UNSUPPORTED", `${first.pointer.slice(1)} ${first.message}.`, errors);
}
