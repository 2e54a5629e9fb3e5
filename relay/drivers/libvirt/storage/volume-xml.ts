// Descriptions of new volumes, as libvirt takes them. Nothing is looked up here.
import { XmlElement } from "../xml/tree.ts";

export interface VolumeText {
  readonly file: string;
  readonly format: "qcow2" | "raw";
  readonly sizeBytes: number;
  readonly preallocate: boolean;
  /** What a linked volume stands on. Its format is always said: probing would let a guest's bytes decide it. */
  readonly backing?: { readonly path: string; readonly format: string } | undefined;
}

const size = (parent: XmlElement, name: string, bytes: number) => parent.ensure(name).setAttribute("unit", "bytes").setText(String(bytes));

export function volumeXml({ file, format, sizeBytes, preallocate, backing }: VolumeText): string {
  const volume = new XmlElement("volume", [["type", "file"]]);
  volume.ensure("name").setText(file);
  size(volume, "capacity", sizeBytes);
  size(volume, "allocation", preallocate ? sizeBytes : 0);
  const target = volume.ensure("target");
  target.ensure("format").setAttribute("type", format);
  if (format === "qcow2") target.ensure("compat").setText("1.1");
  if (backing) {
    const store = volume.ensure("backingStore");
    store.ensure("path").setText(backing.path);
    store.ensure("format").setAttribute("type", backing.format);
  }
  return volume.toString();
}

/** virStorageVolCreateFlags: of qcow2 the tables are made at once; with all of its space allocated, that too. */
const PREALLOCATE_METADATA = 1;

export const createFlags = ({ format, preallocate }: VolumeText): number => (preallocate && format === "qcow2" ? PREALLOCATE_METADATA : 0);
