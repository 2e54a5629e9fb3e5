// One disk as a form: empty of a size, or from an image; where it lies; how it is attached.
import type { NewDisk } from "../../protocol/operations/vm-devices.ts";
import { declaredChoices } from "./declared-choices.ts";
import { CheckField, SelectField } from "./field.tsx";
import { diskImages, type DiskDraft } from "./vm-disk-draft.ts";
import { DraftCheck, DraftCode, DraftNumber, DraftSelect, DraftServed, DraftSize } from "./vm-draft-field.tsx";
import type { Part } from "./vm-part.ts";

type DiskPart = Part<DiskDraft> & {
  /** A machine made anew: its boot disk can be said. */
  readonly isNewMachine: boolean;
};

const BUSES: readonly NonNullable<NewDisk["bus"]>[] = ["virtio", "scsi", "sata", "ide"];
const FORMATS: readonly NonNullable<NewDisk["format"]>[] = ["qcow2", "raw", "vhdx"];
const CACHES = [["", "the usual one"], "none", "writeback", "writethrough"] as const;

function How(part: DiskPart) {
  const { draft, change, guide, isNewMachine } = part;
  return (
    <details class="fold">
      <summary>Name, attachment, limits</summary>
      <DraftCode of={part} name="name" field="name" label="Name" hint={guide("name")} />
      <DraftServed of={part} name="bus" field="bus" label="Bus" values={BUSES} />
      <DraftServed of={part} name="format" field="format" label="Format" hint={guide("format")} values={FORMATS} />
      <DraftSelect of={part} name="cache" field="cache" label="Cache" choices={CACHES} />
      {isNewMachine && <CheckField label="Boot from it" checked={draft.boot} onCheck={(boot) => change({ boot })} />}
      <DraftCheck of={part} name="preallocate" field="preallocate" label="Take the space now" />
      <DraftCheck of={part} name="discard" field="discard" label="Give freed space back" />
      <DraftCheck of={part} name="readOnly" field="read_only" label="Read only" />
      <DraftNumber of={part} name="iops" field="iops_max" label="Operations a second" hint={guide("iops_max")} />
      <DraftNumber of={part} name="mibPerSecond" field="bytes_per_second_max" label="MiB a second" hint="0: no limit" />
    </details>
  );
}

export function DiskFields(part: DiskPart) {
  const { draft, change, guide, virtual } = part;
  const images = diskImages(virtual);
  const isOfImage = draft.source === "image";
  return (
    <>
      {images.length > 0 && (
        <SelectField
          label="Made"
          value={draft.source}
          choices={[
            ["image", "from an image"],
            ["new", "empty"],
          ]}
          onChoose={(source) => change({ source: source as DiskDraft["source"] })}
        />
      )}
      {isOfImage && images.length > 0 && (
        <DraftSelect of={part} name="image" field="image" label="Image" choices={declaredChoices(images)} />
      )}
      <DraftSize
        of={part}
        name="size"
        field="size_bytes"
        label="Size"
        hint={isOfImage ? "Empty: that of the image" : guide("size_bytes")}
        isRequired={!isOfImage}
      />
      {virtual.storage.length > 1 && (
        <DraftSelect
          of={part}
          name="storage"
          field="storage_class"
          label="Storage class"
          choices={[["", "that of the machine"], ...declaredChoices(virtual.storage)]}
        />
      )}
      <How {...part} />
    </>
  );
}
