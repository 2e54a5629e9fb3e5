// The name and version of the operating system in words, read once.
import { readFile } from "node:fs/promises";
import { release, version } from "node:os";

async function read(): Promise<string> {
  if (process.platform !== "linux") return `${version()} ${release()}`;
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  const pretty = /^PRETTY_NAME=(?:"([^"]*)"|(.*))$/m.exec(text);
  return pretty?.[1] ?? pretty?.[2] ?? `Linux ${release()}`;
}

let known: Promise<string> | undefined;

/** At most 200 characters. */
export function osVersion(): Promise<string> {
  known ??= read().then((text) => text.slice(0, 200));
  return known;
}
