// A host with a real hypervisor as the browser tests find it: a libvirtd of its own, a guest's disk as image, the product beside it.
import { buildGuestDisk } from "../fixtures/guest-disk.ts";
import { libvirtToml } from "../fixtures/libvirt-toml.ts";
import { startLibvirtd, type Libvirtd } from "../fixtures/libvirtd.ts";
import { startProduct, type Product } from "../product.ts";

const toml = (daemon: Libvirtd, disk: string) => `name = "kvm1"
[allow]
operations = ["vm.*", "disk.*", "nic.*", "snapshot.*", "iso.*", "image.*", "network.*", "storage.*"]
${libvirtToml(daemon, { network: "nat", images: { guest: disk } })}`;

export interface VmRig {
  readonly product: Product;
  readonly daemon: Libvirtd;
  stop(): Promise<void>;
}

export async function startVmRig(): Promise<VmRig> {
  const disk = buildGuestDisk();
  const daemon = await startLibvirtd();
  // The daemon's guests have the sockets of their screens in its own mounts.
  const product = await startProduct(toml(daemon, disk), [], undefined, ["nsenter", "-t", String(daemon.pid()), "-m", "--"]);
  const stop = async () => {
    await product.stop();
    await daemon.stop();
  };
  return { product, daemon, stop };
}
