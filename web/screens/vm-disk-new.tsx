// A new disk for a virtual machine that is there.
import { diskSpec, emptyDisk, type DiskDraft } from "../forms/vm-disk-draft.ts";
import { DiskFields } from "../forms/vm-disk.tsx";
import { NewPart, type WithVirtual } from "./vm-part-new.tsx";

export const NewDisk = (props: WithVirtual) => (
  <NewPart<DiskDraft>
    {...props}
    operation="disk.create"
    path="disks"
    opener="Add a disk"
    title="New disk"
    thing="the disk"
    fresh={emptyDisk(props.virtual)}
    specOf={diskSpec}
    fields={(part) => <DiskFields {...part} isNewMachine={false} />}
  />
);
