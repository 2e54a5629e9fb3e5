// Firmware's secure boot, TPM and nested virtualization of a definition: changes in the tree. What the host can give is asked
// and refused by the caller.
import { XmlElement } from "../xml/tree.ts";

export interface MachineGifts {
  /** Of a new TPM. */
  readonly tpmModel: string;
  /** Mode of <cpu> in which a guest may run guests. */
  readonly nestedMode: string;
}

export function editTpm(root: XmlElement, tpm: boolean, { tpmModel }: MachineGifts): void {
  const devices = root.ensure("devices");
  const old = devices.elements("tpm");
  if (!tpm) for (const device of old) devices.remove(device);
  else if (old.length === 0) {
    const device = devices.append(new XmlElement("tpm", [["model", tpmModel]]));
    device.append(
      new XmlElement("backend", [
        ["type", "emulator"],
        ["version", "2.0"],
      ]),
    );
  }
}

const OF_VIRTUALIZATION = ["vmx", "svm"];
const PASSES = /^(host-passthrough|maximum)$/;

/** The processor's own virtualization: taken out, or left in where the guest has the host's processor. */
export function editNested(root: XmlElement, nested: boolean, { nestedMode }: MachineGifts): void {
  const cpu = root.ensure("cpu");
  const own = cpu.elements("feature").filter((feature) => OF_VIRTUALIZATION.includes(feature.attribute("name") ?? ""));
  const passes = PASSES.test(cpu.attribute("mode") ?? "");
  if (!nested) {
    for (const feature of own) cpu.remove(feature);
    if (passes) for (const name of OF_VIRTUALIZATION) cpu.append(featureElement("disable", name));
    return;
  }
  for (const feature of own) if (feature.attribute("policy") === "disable") cpu.remove(feature);
  if (passes) return;
  for (const old of [cpu.find("model"), cpu.find("vendor")]) if (old) cpu.remove(old);
  cpu.setAttribute("mode", nestedMode).setAttribute("match", null).setAttribute("check", null);
}

const featureElement = (policy: string, name: string): XmlElement =>
  new XmlElement("feature", [
    ["policy", policy],
    ["name", name],
  ]);

/** libvirt chooses the firmware anew by what is asked of it; the file of its variables keeps its place. */
export function editSecureBoot(root: XmlElement, secureBoot: boolean): void {
  const os = root.ensure("os");
  os.setAttribute("firmware", "efi");
  const loader = os.find("loader");
  if (loader) os.remove(loader);
  const variables = os.find("nvram");
  // A file of another firmware's format would not do.
  variables?.setAttribute("template", null).setAttribute("templateFormat", null);
  const firmware = os.ensure("firmware");
  for (const name of ["secure-boot", "enrolled-keys"]) {
    const feature =
      firmware.elements("feature").find((entry) => entry.attribute("name") === name) ?? firmware.append(new XmlElement("feature"));
    feature.setAttribute("enabled", secureBoot ? "yes" : "no").setAttribute("name", name);
  }
}
