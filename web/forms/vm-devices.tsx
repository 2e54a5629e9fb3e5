// Disks and network adapters of a machine that is made: each a part of the form, added and taken away.
import { Icon } from "../parts/icon.tsx";
import { emptyDisk } from "./vm-disk-draft.ts";
import { DiskFields } from "./vm-disk.tsx";
import type { VmDraft } from "./vm-draft.ts";
import { newNic } from "./vm-nic-draft.ts";
import { NicFields } from "./vm-nic.tsx";
import type { Part } from "./vm-part.ts";

const MOST_DISKS = 64;
const MOST_NICS = 8;

const replaced = <T,>(items: readonly T[], index: number, part: Partial<T>): T[] =>
  items.map((item, at) => (at === index ? { ...item, ...part } : item));
const without = <T,>(items: readonly T[], index: number): T[] => items.filter((_item, at) => at !== index);

function Wrong({ messages }: { readonly messages: readonly string[] }) {
  if (messages.length === 0) return null;
  return (
    <p class="field-error" role="alert">
      {messages.join("; ")}
    </p>
  );
}

interface HeadProps {
  readonly title: string;
  readonly onRemove: () => void;
}

const Head = ({ title, onRemove }: HeadProps) => (
  <div class="device-head">
    <strong>{title}</strong>
    <button type="button" class="icon-button" aria-label={`Leave out ${title}`} onClick={onRemove}>
      <Icon name="close" />
    </button>
  </div>
);

export function DiskList(part: Part<VmDraft>) {
  const { draft, change, errorsAt, guide, virtual } = part;
  return (
    <fieldset class="card">
      <legend>Disks</legend>
      <Wrong messages={errorsAt("/disks")} />
      {draft.disks.map((disk, index) => (
        <div key={index} class="device">
          <Head title={disk.name || `disk${index}`} onRemove={() => change({ disks: without(draft.disks, index) })} />
          <DiskFields
            {...part}
            draft={disk}
            change={(disk) => change({ disks: replaced(draft.disks, index, disk) })}
            errorsAt={(pointer) => errorsAt(`/disks/${index}${pointer}`)}
            guide={(path) => guide(`disks/${path}`)}
            isNewMachine
          />
          <Wrong messages={errorsAt(`/disks/${index}`)} />
        </div>
      ))}
      {draft.disks.length === 0 && <p class="soft">None: it can only start from a disc or the network.</p>}
      {draft.disks.length < MOST_DISKS && (
        <button type="button" class="plain" onClick={() => change({ disks: [...draft.disks, emptyDisk(virtual)] })}>
          Add a disk
        </button>
      )}
    </fieldset>
  );
}

export function NicList(part: Part<VmDraft>) {
  const { draft, change, errorsAt, guide, virtual } = part;
  const network = virtual.networks[0];
  return (
    <fieldset class="card">
      <legend>Networks</legend>
      <Wrong messages={errorsAt("/nics")} />
      {draft.nics.map((nic, index) => (
        <div key={index} class="device">
          <Head title={nic.name || `nic${index}`} onRemove={() => change({ nics: without(draft.nics, index) })} />
          <NicFields
            {...part}
            draft={nic}
            change={(nic) => change({ nics: replaced(draft.nics, index, nic) })}
            errorsAt={(pointer) => errorsAt(`/nics/${index}${pointer}`)}
            guide={(path) => guide(`nics/${path}`)}
          />
          <Wrong messages={errorsAt(`/nics/${index}`)} />
        </div>
      ))}
      {draft.nics.length === 0 && (
        <p class="soft">
          {network
            ? "None: it reaches nothing."
            : `The host declares no networks ([${virtual.hypervisor}.networks.NAME] in its relay.toml).`}
        </p>
      )}
      {network && draft.nics.length < MOST_NICS && (
        <button type="button" class="plain" onClick={() => change({ nics: [...draft.nics, newNic(network.name, virtual)] })}>
          Add a network
        </button>
      )}
    </fieldset>
  );
}
