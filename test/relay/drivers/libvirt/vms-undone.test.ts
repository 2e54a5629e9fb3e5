// A vm.create that fails at any of its steps leaves nothing behind: each changing call to libvirt fails once, before its effect
// and after it. A cancelled one likewise. virsh and the file system are asked, not the driver.
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LibvirtError } from "../../../../relay/drivers/libvirt/rpc/errors.ts";
import type { LibvirtCalls } from "../../../../relay/drivers/libvirt/session.ts";
import { buildGuestDisk } from "../../../fixtures/guest-disk.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { until } from "../../../fixtures/until.ts";
import { startVmHost, type VmHost } from "./host.ts";

const MiB = 1024 * 1024;
/** Calls that leave something different behind. */
const CHANGES = /Define|Create|Set|Destroy|Undefine|Upload|Refresh|Delete|Resize/;

class Saboteur {
  readonly seen: string[] = [];
  /** Which changing call fails, from 0; -1: none. */
  at = -1;
  /** late: the effect comes after its answer was given up and everything was taken back. */
  when: "before" | "after" | "late" = "before";
  /** Of the last late one. */
  effect: Promise<unknown> = Promise.resolve();
  /** Instead of a number: the first call of that name. */
  name: string | null = null;

  arm(at: number, when: Saboteur["when"], name: string | null = null): void {
    this.seen.length = 0;
    this.at = at;
    this.when = when;
    this.name = name;
  }

  async #pass<T>(name: string, run: () => Promise<T>): Promise<T> {
    if (!CHANGES.test(name)) return run();
    const isMine = this.seen.push(name) - 1 === this.at || this.name === name;
    if (this.name === name) this.name = null;
    if (isMine && this.when === "before") throw new LibvirtError("daemon", "made to fail", { procedure: name, number: 1, domain: 10 });
    if (isMine && this.when === "late") {
      this.effect = sleep(1_500).then(run);
      throw new LibvirtError("timeout", "no answer in time", { procedure: name });
    }
    const result = await run();
    if (isMine) throw new LibvirtError("timeout", "its answer was lost", { procedure: name });
    return result;
  }

  between = (client: LibvirtCalls): LibvirtCalls => ({
    call: (name, args, options) => this.#pass(name, () => client.call(name, args, options)),
    openStream: (name, args, options) => this.#pass(name, () => client.openStream(name, args, options)),
  });
}

describe.skipIf(libvirtdMissing !== null)("a vm.create that does not come to its end", { timeout: 120_000 }, () => {
  const saboteur = new Saboteur();
  let host: VmHost;
  let before: string;

  /** What the usual traces leave out: firmware's variables, TPMs, autostart, definitions. */
  const traces = async () => {
    const folders = ["var/qemu/nvram", "var/swtpm", "etc/qemu", "etc/qemu/autostart"];
    const names = folders.map((folder) => {
      try {
        return readdirSync(join(host.daemon.folder, folder)).toSorted().join(",");
      } catch {
        return "";
      }
    });
    return [await host.traces(), ...names].join("\n===\n");
  };
  const spec = {
    name: "web",
    cpus: 1,
    memory_bytes: 128 * MiB,
    firmware: "uefi",
    tpm: true,
    autostart: true,
    disks: [{ image: "guest" }, { size_bytes: 4 * MiB, storage_class: "second" }],
    nics: [{ network: "nat" }],
    iso: "empty",
    seed: { user_data: "#cloud-config\n" },
    start: true,
  };

  const make = () => {
    saboteur.arm(-1, "before");
    return host.done("vm.create", spec);
  };
  const remove = (id: string) => {
    saboteur.arm(-1, "before");
    return host.done("vm.delete", { vm: id, force: true, delete_disks: true });
  };

  beforeAll(async () => {
    host = await startVmHost({
      between: saboteur.between,
      table: (folder) => ({
        images: { guest: { path: buildGuestDisk() }, empty: { path: join(folder, "empty.iso") }, bad: { path: join(folder, "bad.iso") } },
      }),
    });
    // Pools are made at the first use and stay.
    await remove((await make()).id);
    before = await traces();
  }, 180_000);
  afterAll(() => host?.stop());

  it("leaves nothing when all is taken away again", () => {
    expect(before.split("===")[0]!.split("---")[0]!.trim()).toBe("");
    expect(before).not.toContain("web");
  });

  it.each(["before", "after"] as const)("leaves nothing when any call fails %s its effect", async (when) => {
    const { id } = await make();
    const steps = [...saboteur.seen];
    await remove(id);
    expect(steps).toEqual(
      expect.arrayContaining(["storageVolUpload", "domainDefineXmlFlags", "domainSetAutostart", "domainCreateWithFlags"]),
    );
    for (const [at, step] of steps.entries()) {
      saboteur.arm(at, when);
      const result = await host.run("vm.create", spec);
      if (result.status === "success") await remove(result.data!.id);
      else expect([step, result.message]).toEqual([step, expect.not.stringContaining("Left behind")]);
      // The pool through which an image is copied is taken away by the next copy, where its own could not.
      if (["storagePoolCreateXml", "storagePoolDestroy"].includes(step)) await remove((await make()).id);
      expect([step, at, await traces()]).toEqual([step, at, before]);
    }
  });

  it("leaves nothing when libvirt defines the machine after it was given up", async () => {
    saboteur.arm(-1, "late", "domainDefineXmlFlags");
    expect(await host.run("vm.create", spec)).toMatchObject({ status: "error", code: "HYPERVISOR_TIMEOUT" });
    await saboteur.effect;
    await until("it is gone again", async () => (await traces()) === before);
  });

  it("says of a deletion which disk is left", async () => {
    const { id, disks } = await make();
    await host.virsh("destroy", id);
    saboteur.arm(-1, "before", "storageVolDelete");
    const result = await host.run("vm.delete", { vm: id, delete_disks: true });
    expect([result.status, result.data?.deleted_disks.length, result.data?.kept_disks.length]).toEqual(["partial", 1, 1]);
    expect(result.data?.not_changed).toMatchObject([{ field: "disks", code: "HYPERVISOR_FAILED" }]);
    expect((await host.virsh("list", "--all", "--name")).trim()).toBe("");
    expect(disks).toContain(result.data!.kept_disks[0]);
    saboteur.arm(-1, "before");
    await host.done("disk.delete", { disk: result.data!.kept_disks[0] });
    expect(await traces()).toBe(before);
  });

  it.each([5, 50, 92, 95])("leaves nothing when it is cancelled at %s percent", async (percent) => {
    saboteur.arm(-1, "before");
    const cancel = new AbortController();
    const progress = (now: number | null) => {
      if ((now ?? 0) >= percent) cancel.abort();
    };
    expect(await host.run("vm.create", spec, { signal: cancel.signal, progress })).toMatchObject({
      status: "error",
      code: "JOB_CANCELLED",
    });
    expect(await traces()).toBe(before);
  });

  it("leaves nothing when the machine cannot be started", async () => {
    saboteur.arm(-1, "before");
    writeFileSync(join(host.daemon.folder, "bad.iso"), "");
    const progress = (now: number | null) => {
      // The medium goes away between the look and the start.
      if (now === 95) rmSync(join(host.daemon.folder, "bad.iso"));
    };
    expect(await host.run("vm.create", { ...spec, iso: "bad" }, { progress })).toMatchObject({ code: "VM_START_FAILED" });
    expect(await traces()).toBe(before);
    expect(await host.run("vm.create", { ...spec, iso: "bad" })).toMatchObject({ code: "IMAGE_NOT_FOUND" });
    expect(await traces()).toBe(before);
  });
});
