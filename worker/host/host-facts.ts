// What the relay says of its host, remembered when it changed. A host's word: it grants nothing.
import type { Catalogue, HostFacts } from "../../protocol/link/control.ts";
import type { Core } from "./core.ts";

/** Compares as JSON: both come out of one schema, so equal values have one text. */
export function rememberHost(core: Core, catalogue: Catalogue, facts: HostFacts | null): void {
  const { meta, changes } = core;
  if (JSON.stringify(meta.get("catalogue")?.value) !== JSON.stringify(catalogue))
    meta.set("catalogue", { stamp: changes.host(), value: catalogue });
  if (facts && JSON.stringify(meta.get("facts")?.value) !== JSON.stringify(facts))
    meta.set("facts", { stamp: changes.host(), value: facts });
}
