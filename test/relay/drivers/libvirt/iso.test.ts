// The ISO writer, read by others: the host's tools where they are, the kernel in life.test.ts.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ISO_LIMITS, writeIso } from "../../../../relay/drivers/virtual/seed/iso.ts";

const has = (program: string, ...args: string[]) => {
  try {
    execFileSync(program, args, { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
};
const time = new Date("2026-11-21T07:00:00Z");
const bytes = (text: string) => new TextEncoder().encode(text);
const files = [
  { name: "user-data", bytes: bytes("#cloud-config\nhostname: web-01\n") },
  { name: "meta-data", bytes: bytes("instance-id: i-1\nlocal-hostname: web-01\n") },
  { name: "network-config", bytes: bytes("version: 2\n") },
  { name: "empty", bytes: bytes("") },
  { name: "large.bin", bytes: Buffer.alloc(5_000, 0x61) },
];

describe("an ISO image", () => {
  let folder: string;
  let path: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "fh-iso-"));
    path = join(folder, "seed.iso");
    writeFileSync(path, writeIso("cidata", files, time));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is the same for the same content", () => {
    expect(writeIso("cidata", files, time).equals(readFileSync(path))).toBe(true);
  });

  it.skipIf(!has("/usr/sbin/blkid", "-V"))("has its label for blkid", () => {
    const out = execFileSync("/usr/sbin/blkid", ["-p", "-o", "export", path], { encoding: "utf8" });
    expect(out).toMatch(/^LABEL=cidata$/m);
    expect(out).toMatch(/^TYPE=iso9660$/m);
  });

  it.skipIf(!has("isoinfo", "--version"))("gives its files to isoinfo by their Joliet names", () => {
    const listed = execFileSync("isoinfo", ["-J", "-f", "-i", path], { encoding: "utf8" }).trim().split("\n");
    expect(listed.sort()).toEqual(files.map(({ name }) => `/${name}`).sort());
    for (const file of files) {
      const read = execFileSync("isoinfo", ["-J", "-x", `/${file.name}`, "-i", path]);
      expect(read.equals(Buffer.from(file.bytes)), file.name).toBe(true);
    }
  });

  it.skipIf(!has("xorriso", "-version"))("is one for xorriso", () => {
    const out = execFileSync("xorriso", ["-indev", `stdio:${path}`, "-joliet", "on", "-find", "/"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    expect(out.split("\n").filter(Boolean).length).toBe(files.length + 1);
  });

  it("takes as much as it says", () => {
    const most = Array.from({ length: ISO_LIMITS.files }, (_, index) => ({
      name: `${index}`.padEnd(ISO_LIMITS.nameChars, "x"),
      bytes: bytes("x"),
    }));
    expect(writeIso("cidata", most, time).length % 2_048).toBe(0);
  });

  it.each([
    ["a label too long", "x".repeat(17), files],
    ["a label that is none", "a b", files],
    ["a name with a slash", "cidata", [{ name: "../x", bytes: bytes("") }]],
    ["a name twice", "cidata", [files[0]!, files[0]!]],
    ["too many files", "cidata", Array.from({ length: ISO_LIMITS.files + 1 }, (_, index) => ({ name: `${index}`, bytes: bytes("") }))],
    ["too much", "cidata", [{ name: "a", bytes: new Uint8Array(ISO_LIMITS.bytes + 1) }]],
  ])("refuses %s", (_name, label, content) => {
    expect(() => writeIso(label, content, time)).toThrow(RangeError);
  });
});
