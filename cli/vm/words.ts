// Words of a command line as parts of a specification: sizes, disks, network adapters, yes and no. What they may be is for the
// edge to say; here only their form is.
import { usage } from "../failure.ts";

type Fields = Record<string, unknown>;

const UNITS: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** `512M`, `20G`, `1T`: powers of 1,024. */
export function bytesOf(text: string, what: string): number {
  const [, digits, unit] = /^(\d{1,7})([KMGT])(?:i?B)?$/i.exec(text) ?? [];
  if (!digits || !unit) throw usage(`${what}: ${text || "nothing"} is not a size: write 512M, 20G or 1T.`);
  return Number(digits) * UNITS[unit.toUpperCase()]!;
}

export function yesOrNo(text: string, what: string): boolean {
  if (text !== "yes" && text !== "no") throw usage(`${what} takes yes or no.`);
  return text === "yes";
}

const asText = (text: string): string => text;
const asNumber = (text: string, what: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw usage(`${what}: ${text || "nothing"} is not a whole number.`);
  return Number(text);
};
const asYes = (text: string, what: string): boolean => text === "" || yesOrNo(text, what);

type Reader = readonly [field: string, read: (text: string, what: string) => unknown];

const DISK: Readonly<Record<string, Reader>> = {
  size: ["size_bytes", bytesOf],
  image: ["image", asText],
  name: ["name", asText],
  storage: ["storage_class", asText],
  format: ["format", asText],
  bus: ["bus", asText],
  cache: ["cache", asText],
  boot: ["boot", asYes],
};

const NIC: Readonly<Record<string, Reader>> = {
  network: ["network", asText],
  name: ["name", asText],
  mac: ["mac", asText],
  model: ["model", asText],
  vlan: ["vlan", asNumber],
};

/** `first,name=value,…`: `first` says what the first part is when it names nothing. */
function fieldsOf(text: string, what: string, known: Readonly<Record<string, Reader>>, first: (part: string) => string): Fields {
  const fields: Fields = {};
  for (const [index, given] of text.split(",").entries()) {
    const part = index === 0 ? first(given) : given;
    const at = part.indexOf("=");
    const name = at < 0 ? part : part.slice(0, at);
    const reader = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!reader) throw usage(`${what} ${text}: ${name || "nothing"} is none of ${Object.keys(known).join(", ")}.`);
    fields[reader[0]] = reader[1](at < 0 ? "" : part.slice(at + 1), `${what} ${name}`);
  }
  return fields;
}

/** `20G`, `image:debian-12`, `image:debian-12,size=20G,name=root`. */
export const diskOf = (text: string): Fields =>
  fieldsOf(text, "disk", DISK, (part) => {
    if (part.startsWith("image:")) return `image=${part.slice("image:".length)}`;
    return /^\d/.test(part) ? `size=${part}` : part;
  });

/** `lan`, `lan,vlan=20,mac=52:54:00:12:34:56`. */
export const nicOf = (text: string): Fields => fieldsOf(text, "network", NIC, (part) => (part.includes("=") ? part : `network=${part}`));
