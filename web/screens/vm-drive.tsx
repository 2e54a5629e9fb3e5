// The drive of a virtual machine: an image of the host is put in and taken out.
import { useState } from "preact/hooks";
import { useMe } from "../api/session.ts";
import { declaredChoices } from "../forms/declared-choices.ts";
import { SelectField } from "../forms/field.tsx";
import { isoImages } from "../forms/vm-disk-draft.ts";
import { Badge } from "../parts/badge.tsx";
import { mayAsk, type Disk } from "../vm/contract.ts";
import { asJob } from "../vm/change.ts";
import { errorsIn } from "../vm/field-errors.ts";
import { useChange } from "../vm/use-change.ts";
import { WorkLine } from "../vm/work.tsx";
import type { WithVirtual } from "./vm-part-new.tsx";

export function Drive({ host, vm, drive, virtual, reload }: WithVirtual & { readonly drive: Disk | null }) {
  const me = useMe();
  const change = useChange(reload);
  const isos = isoImages(virtual);
  const [image, setImage] = useState(isos[0]?.name ?? "");
  const isBusy = change.work?.isBusy ?? false;
  const job = (operation: string, spec: object) =>
    asJob(host.name, operation, { vm: vm.id, ...(drive ? { drive: drive.id } : {}), ...spec });
  if (!drive && (isos.length === 0 || !mayAsk(me, host, "iso.attach"))) return null;
  const isIn = drive !== null && (drive.image !== null || drive.size_bytes !== null);
  return (
    <section class="card">
      <div class="row-head">
        <h2 class="name">{drive?.name ?? "No drive yet"}</h2>
        <Badge tone="calm">{isIn ? (drive.image ?? "a disc") : "empty"}</Badge>
      </div>
      {isos.length > 0 && mayAsk(me, host, "iso.attach") && (
        <SelectField
          label="Disc"
          value={image}
          choices={declaredChoices(isos)}
          errors={errorsIn(change.work)("/image")}
          onChoose={setImage}
        />
      )}
      <div class="buttons">
        {isos.length > 0 && mayAsk(me, host, "iso.attach") && (
          <button class="plain" disabled={isBusy} onClick={() => void change.run("Putting it in", job("iso.attach", { image }))}>
            Put it in
          </button>
        )}
        {isIn && mayAsk(me, host, "iso.eject") && (
          <button class="plain" disabled={isBusy} onClick={() => void change.run("Taking it out", job("iso.eject", {}))}>
            Take it out
          </button>
        )}
      </div>
      <WorkLine change={change} />
    </section>
  );
}
