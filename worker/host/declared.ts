// Whether a job names what its host declares (storage classes, networks, images), by the catalogue as the edge knows it. Fields
// that a hypervisor lacks are the host's to refuse: only it knows which of their values mean nothing.
import { refused, type Outcome } from "../../protocol/errors.ts";
import { findOperation } from "../../protocol/operations/index.ts";
import { VM_OPERATIONS } from "../../protocol/operations/virtual-machines.ts";
import { checkResources } from "../../protocol/virtual-resources.ts";
import type { SubmitInput } from "./contract.ts";
import type { Core } from "./core.ts";

const SHOWN_ERRORS = 50;

/** A refusal, or null: also while the host has not told what it declares. Pointers begin with `/resource_spec`. */
export function undeclared(
  { meta }: Pick<Core, "meta">,
  { operation, resourceSpec }: SubmitInput,
): (Outcome<never> & { ok: false }) | null {
  const resources = meta.get("catalogue")?.value.virtual;
  if (!resources || !Object.hasOwn(VM_OPERATIONS, operation) || findOperation(operation)?.risk === "read") return null;
  const errors = checkResources(operation, resourceSpec, resources, "/resource_spec");
  return errors.length === 0 ? null : refused("BODY_INVALID", { errors: errors.slice(0, SHOWN_ERRORS) });
}
