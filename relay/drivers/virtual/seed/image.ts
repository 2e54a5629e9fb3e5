// A machine's first-boot configuration as the image of a drive (NoCloud). Same for each hypervisor.
import type { SpecOf } from "../../contract.ts";
import { writeIso } from "./iso.ts";

/** NoCloud's own label. */
const SEED_LABEL = "cidata";

/** NoCloud needs both files: an instance without an id of its own is one that was seen before. */
export function seedImage(uuid: string, name: string, seed: NonNullable<SpecOf<"vm.create">["seed"]>, now: Date): Buffer {
  const encode = (text: string) => new TextEncoder().encode(text);
  const meta = seed.meta_data ?? `instance-id: ${uuid}\nlocal-hostname: ${name}\n`;
  const files = [
    { name: "meta-data", bytes: encode(meta) },
    { name: "user-data", bytes: encode(seed.user_data) },
    ...(seed.network_config === undefined ? [] : [{ name: "network-config", bytes: encode(seed.network_config) }]),
  ];
  return writeIso(SEED_LABEL, files, now);
}
