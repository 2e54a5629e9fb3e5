// Runs the snippets of docs/ about virtual machines as they stand there, on a real libvirtd with a guest that boots.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { havePackage } from "../debian.ts";
import { buildGuestDisk } from "../fixtures/guest-disk.ts";
import { libvirtToml } from "../fixtures/libvirt-toml.ts";
import { libvirtdMissing, startLibvirtd, type Libvirtd } from "../fixtures/libvirtd.ts";
import { until } from "../fixtures/until.ts";
import { startProduct, type Product } from "../product.ts";
import { runnerFor, type Ran } from "./rig.ts";
import type { RUN_VMS } from "./run-list.ts";
import { snippet } from "./snippets.ts";

describe.skipIf(libvirtdMissing !== null || !havePackage("jq"))("a snippet about virtual machines", () => {
  let daemon: Libvirtd;
  let product: Product;
  beforeAll(async () => {
    daemon = await startLibvirtd();
    product = await startProduct(`name = "vm100"\n${libvirtToml(daemon, { network: "lan", images: { debian: buildGuestDisk() } })}`);
    const list = () => product.request("GET", `/api/v1/hosts/${product.ready.host}/vms`);
    await until("the host's inventory", async () => (JSON.parse((await list()).body) as { as_of: unknown }).as_of);
  }, 180_000);
  afterAll(async () => {
    await product?.stop();
    await daemon?.stop();
  }, 60_000);

  const run = async (name: (typeof RUN_VMS)[number]): Promise<Ran> => {
    const ran = await runnerFor(product, daemon.folder)(snippet(name));
    expect(ran.code, `${name}: ${ran.stderr}\n${ran.stdout}`).toBe(0);
    return ran;
  };
  const virsh = (...args: string[]) => daemon.virsh(daemon.uri, ...args);

  it("makes, shows, plans, keeps and stops a machine with the CLI", async () => {
    const { stdout } = await run("vm-cli");
    expect(stdout).toContain("web");
    expect((await virsh("domstate", "web")).trim()).toBe("shut off");
    expect((await virsh("snapshot-list", "web", "--name")).trim()).toBe("before-upgrade");
    expect(await virsh("dominfo", "web")).toMatch(/Max memory:\s+262144 KiB/);
  }, 180_000);

  it("makes, reads, plans and deletes one with curl", async () => {
    const { stdout } = await run("vm-curl");
    expect(stdout).toContain('"planned":true');
    expect((await virsh("list", "--all", "--name")).trim().split("\n")).not.toContain("db");
  }, 180_000);

  it("makes a key for Terraform", async () => {
    expect((await run("terraform-key")).stdout).toMatch(/^fh_/);
  });
});
