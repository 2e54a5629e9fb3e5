// What a virtual machine is to be, from the options of `vm create` and `vm update`, or from a file that they complete.
import { usage } from "../failure.ts";
import { readValue } from "../value-source.ts";
import type { Input } from "../verb.ts";
import { bytesOf, diskOf, nicOf, yesOrNo } from "./words.ts";

type Fields = Record<string, unknown>;

/** Only what was given. */
const given = (fields: Fields): Fields => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const mapped = <T>(text: string | undefined, read: (text: string) => T): T | undefined => (text === undefined ? undefined : read(text));

const unlessNone = <T>(items: readonly T[]): readonly T[] | undefined => (items.length === 0 ? undefined : items);

function fromFile(input: Input): Fields {
  const file = input.text("file");
  if (file === undefined) return {};
  try {
    const value = JSON.parse(readValue(file === "-" ? file : `@${file}`, "--file")) as unknown;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw usage(`--file ${file} holds no JSON object.`);
}

/** What may be said of a machine at any time. */
const settings = (input: Input): Fields =>
  given({
    cpus: input.text("cpus") === undefined ? undefined : input.count("cpus", 1),
    memory_bytes: mapped(input.text("memory"), (text) => bytesOf(text, "--memory")),
    description: input.text("description"),
    tags: unlessNone(input.list("tag")),
    os_family: input.text("os"),
    autostart: mapped(input.text("autostart"), (text) => yesOrNo(text, "--autostart")),
    deletion_protection: mapped(input.text("protect"), (text) => yesOrNo(text, "--protect")),
  });

function firmwareOf(input: Input): string | undefined {
  if (input.flag("uefi") && input.flag("bios")) throw usage("--uefi and --bios exclude each other.");
  return input.flag("bios") ? "bios" : input.flag("uefi") ? "uefi" : undefined;
}

/** Body of `POST …/vms`. Options go before the file. */
export function createSpec(input: Input): Fields {
  const file = fromFile(input);
  const spec: Fields = {
    ...file,
    ...settings(input),
    ...given({
      name: input.words[2],
      firmware: firmwareOf(input),
      storage_class: input.text("storage"),
      disks: unlessNone(input.list("disk").map(diskOf)),
      nics: unlessNone(input.list("network").map(nicOf)),
      iso: input.text("iso"),
      seed: mapped(input.text("seed"), (path) => ({ user_data: readValue(path === "-" ? path : `@${path}`, "--seed") })),
      start: input.flag("start") ? true : undefined,
    }),
  };
  if (spec["name"] === undefined) throw usage("The new machine's name is missing; see --help.");
  if (spec["memory_bytes"] === undefined) throw usage("--memory is missing: write --memory 2G.");
  return { cpus: 1, ...spec };
}

/** Body of `PATCH …/vms/{vm}`. */
export function updateSpec(input: Input): Fields {
  const spec = { ...fromFile(input), ...settings(input) };
  if (Object.keys(spec).length === 0) throw usage("There is nothing to change: --cpus, --memory, --description, …; see --help.");
  return spec;
}
