// Which options each word of `farhand vm` takes. One that does nothing there is refused: whoever wrote it expects that it does.
import { usage } from "../failure.ts";
import type { Input } from "../verb.ts";

const CHANGE = ["plan", "yes", "detach"] as const;
const SETTINGS = ["file", "cpus", "memory", "os", "description", "tag", "autostart", "protect"] as const;
const PATIENCE = ["wait", "force"] as const;

/** By word, or by both words of a part. What is not here takes none but those of {@link EVERY}. */
const TAKEN: Readonly<Record<string, readonly string[]>> = {
  list: ["limit"],
  create: [...SETTINGS, "disk", "network", "iso", "uefi", "bios", "seed", "storage", "start", ...CHANGE],
  update: [...SETTINGS, ...CHANGE],
  start: CHANGE,
  stop: [...PATIENCE, ...CHANGE],
  reboot: [...PATIENCE, ...CHANGE],
  reset: CHANGE,
  suspend: CHANGE,
  resume: CHANGE,
  save: CHANGE,
  delete: ["disks", "force", ...CHANGE],
  clone: ["linked", "snapshot", "storage", "start", ...CHANGE],
  rename: CHANGE,
  console: ["take-over"],
  screenshot: ["output"],
  keys: ["text", "detach"],
  "snapshot create": ["description", ...CHANGE],
  "snapshot revert": CHANGE,
  "snapshot delete": ["children", ...CHANGE],
  "disk add": CHANGE,
  "disk resize": CHANGE,
  "disk remove": CHANGE,
  "nic add": CHANGE,
  "nic remove": CHANGE,
};
const EVERY: readonly string[] = ["json"];

/** `word`: `create`, or `snapshot create`. */
export function checkOptions(input: Input, word: string): void {
  const taken = [...((Object.hasOwn(TAKEN, word) ? TAKEN[word] : undefined) ?? []), ...EVERY];
  const idle = input.given.find((option) => !taken.includes(option));
  if (idle !== undefined) throw usage(`--${idle} does nothing for \`vm ${word}\`; see --help.`);
}
