// What a start and `farhand doctor` find of libvirt, on a real libvirtd of the test's own; and where there is none.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { libvirtTableSchema } from "../../relay/drivers/libvirt/tables.ts";
import { LibvirtError } from "../../relay/drivers/libvirt/rpc/errors.ts";
import { lookAtVirtualMachines } from "../../relay/vm-look.ts";
import { findLibvirt, refusedSocket, VM_WHERE } from "../../relay/vm-places.ts";
import { libvirtdMissing, startLibvirtd, type Libvirtd } from "../fixtures/libvirtd.ts";

const NOWHERE = "qemu+unix:///system?socket=/nowhere/libvirt-sock";

describe("without libvirt", () => {
  it("finds none, and says how to have one", async () => {
    expect(await findLibvirt({ ...VM_WHERE, uri: NOWHERE })).toBeNull();
    const [daemon] = await lookAtVirtualMachines(libvirtTableSchema.parse({ uri: NOWHERE }));
    expect(daemon).toMatchObject({ name: "libvirt", ok: false, remedy: expect.stringContaining("systemctl start libvirtd") });
  });

  it("knows a socket that is refused from one that is not there", () => {
    const refused = (code: string) =>
      refusedSocket(new LibvirtError("unreachable", "x", { cause: Object.assign(new Error("x"), { code, address: "/run/s" }) }));
    expect([refused("EACCES"), refused("ENOENT"), refusedSocket(new TypeError("x"))]).toEqual(["/run/s", null, null]);
  });
});

describe.skipIf(libvirtdMissing !== null)("with a real libvirtd", () => {
  let daemon: Libvirtd;
  beforeAll(async () => {
    daemon = await startLibvirtd();
  }, 60_000);
  afterAll(() => daemon?.stop());

  const define = async (name: string) => {
    const file = join(daemon.folder, `${name}.xml`);
    writeFileSync(file, `<network><name>${name}</name></network>`);
    await daemon.virsh(daemon.uri, "net-define", file);
  };

  it("finds what a table would name", async () => {
    const where = { uri: daemon.uri, folder: join(daemon.folder, "images"), cpuinfo: "/proc/cpuinfo" };
    expect(await findLibvirt(where)).toEqual({ uri: daemon.uri, domainType: "qemu", folder: null, network: null });
    mkdirSync(where.folder);
    await define("default");
    expect(await findLibvirt(where)).toEqual({ uri: daemon.uri, domainType: "qemu", folder: where.folder, network: "default" });
  });

  it("tells each thing that the table names and that is not as it must be", async () => {
    await define("isolated");
    await daemon.virsh(daemon.uri, "net-start", "isolated");
    await define("stopped");
    writeFileSync(join(daemon.folder, "there.iso"), "x");
    const table = libvirtTableSchema.parse({
      uri: daemon.uri,
      storage: { good: { path: daemon.folder }, gone: { path: "/nowhere/images" }, file: { path: join(daemon.folder, "there.iso") } },
      images: { good: { path: join(daemon.folder, "there.iso") }, gone: { path: "/nowhere/a.iso" } },
      networks: {
        nat: { user: true },
        good: { network: "isolated" },
        stopped: { network: "stopped" },
        gone: { network: "nowhere" },
        nobridge: { bridge: "fh-nowhere" },
      },
    });
    const looks = await lookAtVirtualMachines(table);
    const verdicts = Object.fromEntries(looks.map(({ name, ok }) => [name, ok]));
    expect(verdicts).toEqual({
      libvirt: true,
      kvm: false,
      "storage good": true,
      "storage gone": false,
      "storage file": false,
      "image good": true,
      "image gone": false,
      "network nat": true,
      "network good": true,
      "network stopped": false,
      "network gone": false,
      "network nobridge": false,
    });
    for (const { ok, remedy } of looks) expect(remedy === undefined).toBe(ok);
    expect(looks.find(({ name }) => name === "libvirt")?.detail).toMatch(/^\d+\.\d+\.\d+ answers at /);
    expect(looks.find(({ name }) => name === "network stopped")?.remedy).toContain("virsh net-start stopped");
    await daemon.virsh(daemon.uri, "net-destroy", "isolated");
  });
});
