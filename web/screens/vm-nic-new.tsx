// A new network adapter for a virtual machine that is there.
import { newNic, nicSpec, type NicDraft } from "../forms/vm-nic-draft.ts";
import { NicFields } from "../forms/vm-nic.tsx";
import { NewPart, type WithVirtual } from "./vm-part-new.tsx";

export const NewNic = (props: WithVirtual) => (
  <NewPart<NicDraft>
    {...props}
    operation="nic.create"
    path="nics"
    opener="Add a network"
    title="New network adapter"
    thing="the adapter"
    fresh={newNic(props.virtual.networks[0]?.name ?? "", props.virtual)}
    specOf={nicSpec}
    fields={(part) => <NicFields {...part} />}
  />
);
