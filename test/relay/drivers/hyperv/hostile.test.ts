// Text that is more than text to somebody on its way: each text field of each operation either refuses it with its pointer before
// anything is started, or brings it back unchanged from the other end; and nothing of it is ever run.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isErrorCode } from "../../../../protocol/errors.ts";
import type { FoundOperation } from "../../../../relay/drivers/index.ts";
import { hostBlock } from "../../../../relay/drivers/hyperv/agent-protocol.ts";
import { admit, type Host } from "../../../../relay/jobs/admission.ts";
import { makeFakeWorld, PWSH, readFakeWorld } from "./fake-world.ts";
import { startHost, type HypervHost } from "./host.ts";
import { hostileTexts, specWith, TEXT_FIELDS, type TextField } from "./text-fields.ts";

const GiB = 1024 ** 3;
/** No slash: it is in names of folders too. Made in this directory by what runs there. */
const CANARY = `canary-${process.pid}`;
const TEXTS = hostileTexts(CANARY);

/** Fields that take any text; the texts that they too refuse. */
const FREE: Readonly<Record<string, readonly string[]>> = {
  "vm.create /description": ["half a pair", "the other half", "a null", "a bell", "10 KB", "10 KB of quotes"],
  "vm.update /description": ["half a pair", "the other half", "a null", "a bell", "10 KB", "10 KB of quotes"],
  "snapshot.create /description": ["half a pair", "the other half", "a null", "a bell", "10 KB", "10 KB of quotes"],
  "vm.create /seed/user_data": ["half a pair", "the other half"],
  "vm.create /seed/meta_data": ["half a pair", "the other half"],
  "vm.create /seed/network_config": ["half a pair", "the other half"],
};
const nameOf = ({ operation, pointer }: TextField) => `${operation} ${pointer}`;
const isAscii = (text: string) => /^[\t\n -~]+$/.test(text);
const isShort = (text: string) => text.length <= 64;

/** What the contract says of the others. */
function takes(field: TextField, name: string): boolean {
  const text = TEXTS[name]!;
  const free = FREE[nameOf(field)];
  if (free) return !free.includes(name);
  // Printable ASCII; and a name of another tool, which is only looked for.
  if (nameOf(field) === "vm.send-keys /text") return isAscii(text) && text.length <= 1_024;
  if (nameOf(field) === "vm.clone /snapshot") return isShort(text) && text.isWellFormed();
  return false;
}

const host: Host = {
  slots: 1,
  find: () => ({ timeoutMs: () => undefined }) as unknown as FoundOperation,
  allows: () => ({ allowed: true }),
};

describe("a text field", () => {
  it("is found in each operation that has one", () => {
    expect(TEXT_FIELDS.length).toBeGreaterThan(120);
    const names = TEXT_FIELDS.map(nameOf);
    expect(names).toEqual(
      expect.arrayContaining(["vm.create /disks/0/name", "vm.send-keys /chords/0/0", "vm.list /tag", ...Object.keys(FREE)]),
    );
  });

  it.each(TEXT_FIELDS.map((field) => [nameOf(field), field] as const))(
    "%s refuses with its pointer what it does not take",
    (_name, field) => {
      for (const [name, text] of Object.entries(TEXTS)) {
        const admission = admit(host, field.operation, specWith(field, text), { plan: false, call: false });
        const refused = "refused" in admission ? admission.refused : null;
        const errors = (refused?.data as { errors: { pointer: string; message: string }[] } | undefined)?.errors ?? [];
        const own = errors.filter(({ pointer }) => pointer === `/resource_spec${field.pointer}`);
        expect([name, own.length > 0], field.pointer).toEqual([name, !takes(field, name)]);
        if (own.length > 0) expect(refused!.code).toBe("SPEC_INVALID");
        for (const { message } of own) expect(message).not.toContain(CANARY);
      }
    },
  );
});

/** In names of folders and switches too: what relay.toml declares is no safer. */
const FOLDER = `it's "$(New-Item ${CANARY})" \`touch ${CANARY}\`; [a-z] & ünï 🐧 --% %PATH% {0}`;
const SWITCH = `LAN' "$(New-Item ${CANARY})" [a-z]* 漢字 🐧`;
/** As other tools may call what is theirs. */
const MACHINE = `its'"$(New-Item ${CANARY})\`; [a-z]* ünï 🐧`;

describe.skipIf(PWSH === null)("hostile text, on its way to Hyper-V and back,", { timeout: 180_000 }, () => {
  let folder: string;
  let world: HypervHost;
  let id: string;
  const all = Object.entries(TEXTS)
    .filter(([name]) => !FREE["vm.update /description"]!.includes(name))
    .map(([, text]) => text)
    .join("\n|");
  const traces = () => [folder, process.cwd(), join(folder, FOLDER)].flatMap((at) => readdirSync(at).filter((name) => name === CANARY));

  beforeAll(async () => {
    const made = makeFakeWorld({ switches: [{ name: SWITCH, type: "External" }] });
    folder = made.folder;
    const table = {
      storage: { default: { path: join(folder, FOLDER) }, second: { path: join(folder, "second") } },
      networks: { lan: { switch: SWITCH } },
      images: { debian: { path: join(folder, "images/debian.vhdx") }, installer: { path: join(folder, "images/installer.iso") } },
    };
    world = await startHost(folder, made.powershell, { table });
    mkdirSync(join(folder, FOLDER));
  }, 60_000);
  afterAll(async () => {
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
    rmSync(CANARY, { force: true });
  });

  it("comes back as it was said: of a machine, its seed, its folder, its network", async () => {
    const seed = { user_data: `#cloud-config\n${all}`, meta_data: `instance-id: x\n${all}`, network_config: all.padEnd(16_384, "ü") };
    const spec = {
      name: "web",
      cpus: 1,
      memory_bytes: GiB,
      description: all,
      disks: [{ image: "debian" }],
      nics: [{ network: "lan" }],
      seed,
    };
    id = (await world.done("vm.create", spec)).id;
    expect(await world.done("vm.get", { vm: id })).toMatchObject({
      description: all,
      storage_class: "default",
      nics: [{ network: "lan" }],
    });
    const image = readFileSync(join(folder, FOLDER, `seed-${id}.iso`));
    for (const text of Object.values(seed)) expect(image.includes(Buffer.from(text))).toBe(true);
    expect(traces()).toEqual([]);
  });

  it("comes back as other tools said it, and their machine is found by its id alone", async () => {
    const books = JSON.parse(readFileSync(join(folder, "world.json"), "utf8")) as { vms: { name: string; nics: { name: string }[] }[] };
    books.vms[0]!.name = MACHINE;
    writeFileSync(join(folder, "world.json"), JSON.stringify(books));
    expect((await world.done("vm.list", {})).items).toMatchObject([{ id, name: MACHINE, description: all }]);
    const emoji = "🐧".repeat(2_000);
    expect(await world.done("vm.update", { vm: id, description: emoji })).toMatchObject({ changed: ["description"] });
    await world.done("snapshot.create", { vm: id, name: "before", description: all });
    expect((await world.done("snapshot.list", { vm: id })).items).toMatchObject([{ name: "before", description: all }]);
    expect(await world.done("vm.get", { vm: id })).toMatchObject({ name: MACHINE, description: emoji });
    expect(traces()).toEqual([]);
  });

  it("is typed as it is", async () => {
    await world.done("vm.start", { vm: id });
    const text = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join("") + TEXTS["a semicolon"]!;
    await world.done("vm.send-keys", { vm: id, text });
    expect(readFakeWorld(folder).vms[0]!.guest.keys).toEqual([{ method: "TypeText", value: text }]);
    expect(traces()).toEqual([]);
  });

  it("names no snapshot to copy, and the machine goes with its folder's files", async () => {
    const refused = await world.run("vm.clone", { vm: id, name: "copy", snapshot: `$(touch ${CANARY}) *` });
    expect(refused.status).toBe("error");
    await world.done("vm.delete", { vm: id, delete_disks: true, force: true });
    expect(readFakeWorld(folder).vms).toEqual([]);
    expect(readdirSync(join(folder, FOLDER))).toEqual([]);
    expect(traces()).toEqual([]);
  });

  describe("in one agent that was told what the relay would have refused,", () => {
    let tell: (
      operation: string,
      spec: object,
    ) => Promise<{ status: string; code?: string; message: string; data?: Record<string, unknown> }>;
    let end: () => void;
    beforeAll(() => {
      const script = join(import.meta.dirname, "agent-lines.ps1");
      const functions = join(import.meta.dirname, "../../../../agents/hyperv/functions");
      const child = spawn(join(folder, "powershell"), ["-NoProfile", "-NonInteractive", "-File", script, "-Folder", functions], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      tell = async (operation, resource_spec) => {
        const host = hostBlock(world.table);
        child.stdin.write(`${JSON.stringify({ operation, resource_spec, host, correlation_id: "x", metadata: { timeout_ms: 60_000 } })}\n`);
        const { value, done } = await lines.next();
        if (done) throw new Error(`the agent ended at ${operation}`);
        return JSON.parse(value) as Awaited<ReturnType<typeof tell>>;
      };
      end = () => child.kill();
    });
    afterAll(() => end?.());

    it("each text comes back alone", async () => {
      const made = await tell("vm.create", { name: "one", cpus: 1, memory_bytes: GiB, firmware: "uefi", storage_class: "default" });
      const vm = made.data!["id"];
      for (const [name, text] of Object.entries(TEXTS)) {
        if (!takes({ operation: "vm.update", pointer: "/description", isEnum: false }, name)) continue;
        expect((await tell("vm.update", { vm, description: text })).status, name).toBe("success");
        expect((await tell("vm.get", { vm })).data, name).toMatchObject({ description: text, tags: [], deletion_protection: false });
        expect((await tell("snapshot.create", { vm, name: "s", description: text, quiesce: false })).status, name).toBe("success");
        const { items } = (await tell("snapshot.list", { vm })).data as { items: { description: string }[] };
        expect(
          items.map(({ description }) => description),
          name,
        ).toEqual([text]);
        expect((await tell("snapshot.delete", { vm, snapshot: "s", children: false })).status, name).toBe("success");
      }
      expect(traces()).toEqual([]);
      expect((await tell("vm.delete", { vm, delete_disks: true, force: true })).status).toBe("success");
    });

    it("each field is refused with a code or does no harm", async () => {
      const spec = { name: "kept", cpus: 1, memory_bytes: GiB, firmware: "uefi", storage_class: "default" };
      const vm = (await tell("vm.create", spec)).data!["id"] as string;
      const disk = (await tell("disk.create", { vm, size_bytes: GiB, name: "data", storage_class: "default" })).data!["id"];
      const nic = (await tell("nic.create", { vm, network: "lan" })).data!["id"];
      const known = { vm, disk, nic, storage_class: "default", to_storage_class: "default", network: "lan", image: "debian" };
      const kept = (await tell("vm.get", { vm })).data;
      const taken = new Set<string>();
      const crashed = new Set<string>();
      for (const field of TEXT_FIELDS) {
        if (field.operation === "vm.console" || nameOf(field) in FREE) continue;
        for (const text of [all, `$(New-Item ${CANARY})`, `../${CANARY}`, "*"]) {
          const { status, code, data } = await tell(field.operation, specWith(field, text, known));
          if (status === "success") taken.add(nameOf(field));
          else if (!isErrorCode(code ?? "") || ["DRIVER_FAILED", "AGENT_PROTOCOL"].includes(code!)) crashed.add(`${nameOf(field)} ${code}`);
          if (status === "success" && ["vm.create", "vm.clone"].includes(field.operation)) await tell("vm.delete", { vm: data!["id"] });
        }
      }
      expect([...crashed].toSorted()).toEqual([]);
      // Looked for, or kept as text: inert.
      expect([...taken].toSorted()).toEqual([
        "disk.attach /name",
        "vm.create /tags/0",
        "vm.list /state",
        "vm.list /tag",
        "vm.update /tags/0",
      ]);
      await tell("vm.update", { vm, tags: [] });
      expect((await tell("vm.get", { vm })).data).toEqual(kept);
      expect(traces()).toEqual([]);
      expect(existsSync(join(folder, "images/debian.vhdx"))).toBe(true);
    });
  });
});
