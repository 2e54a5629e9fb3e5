// What flows by itself between a host of virtual machines and its users, on real parts (QEMU → libvirtd → relay → lane → Worker →
// client): the list follows what other tools do without a question to the host, and consoles carry bytes both ways.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { InventoryItem } from "../../protocol/inventory.ts";
import { writeIso } from "../../relay/drivers/virtual/seed/iso.ts";
import { buildGuest } from "../fixtures/guest.ts";
import { libvirtdMissing, startLibvirtd, type Libvirtd } from "../fixtures/libvirtd.ts";
import { pidOf, startProduct, type Product } from "../product.ts";
import { guestDomainXml, qemuDomainXml } from "../relay/drivers/libvirt/real-clients.ts";
import { json, until } from "./api.ts";
import { consoleTicket, ConsoleViewer, dialConsole, openConsole } from "./vm-viewer.ts";

interface List {
  items: (InventoryItem & { host: string; stale?: boolean })[];
  as_of: string | null;
  stale: boolean;
}
const BOOT_MS = 120_000;

describe.skipIf(libvirtdMissing !== null)("virtual machines", { timeout: BOOT_MS }, () => {
  let daemon: Libvirtd;
  let product: Product;
  let toml = "";
  const ids: Record<string, string> = {};
  const virsh = (...args: string[]) => daemon.virsh(daemon.uri, ...args);
  const define = async (name: string, xml: string) => {
    const file = join(daemon.folder, `${name}.xml`);
    writeFileSync(file, xml);
    await virsh("define", file);
    ids[name] = (await virsh("domuuid", name)).trim();
  };
  const list = async () => (await json<List>(product, "GET", "/api/v1/hosts/kvm/vms")).body;
  const everywhere = async () => (await json<List>(product, "GET", "/api/v1/vms")).body;
  const stateOf = async (name: string) => (await list()).items.find((item) => item.name === name)?.state;
  const reload = (text: string) => {
    writeFileSync(join(product.dir, "relay.toml"), text);
    process.kill(pidOf(product, "relay"), "SIGHUP");
  };

  beforeAll(async () => {
    daemon = await startLibvirtd();
    toml = `name = "kvm"\n[libvirt]\nuri = "${daemon.uri}"\ndomain_type = "qemu"\n`;
    product = await startProduct(toml);
    await until("the first word", async () => (await list()).as_of !== null);
  }, BOOT_MS);
  afterAll(async () => {
    await product?.stop();
    await daemon?.stop();
  });

  it("are listed as another tool defines, starts, stops and undefines them", async () => {
    expect(await list()).toMatchObject({ items: [], stale: false });
    await define("one", qemuDomainXml("one"));
    await until("one", async () => (await stateOf("one")) === "off");
    await virsh("start", "one");
    await until("running", async () => (await stateOf("one")) === "running");
    await until("the same over all hosts", async () => {
      const { items } = await everywhere();
      return items.length === 1 && items[0]!.host === "kvm" && items[0]!.state === "running" && items[0]!.stale === false;
    });
    await virsh("destroy", "one");
    await until("off", async () => (await stateOf("one")) === "off");
    await virsh("undefine", "one");
    await until("its end", async () => (await list()).items.length === 0);
    await until("its end everywhere", async () => (await everywhere()).items.length === 0);
  });

  it("are listed as of when the host last spoke while its relay or its libvirtd is away, and live again after", async () => {
    await define("kept", qemuDomainXml("kept"));
    await until("it", async () => (await stateOf("kept")) === "off");
    const fresh = await list();
    process.kill(pidOf(product, "relay"), "SIGKILL");
    const away = await until("that it is stale", async () => {
      const now = await list();
      return now.stale && now;
    });
    expect(away.items.map(({ name }) => name)).toEqual(["kept"]);
    expect(Date.parse(away.as_of!)).toBeGreaterThanOrEqual(Date.parse(fresh.as_of!));
    await until("that it is live", async () => !(await list()).stale, 30_000);
    await daemon.kill();
    await until("that it is live again", async () => !(await list()).stale && (await list()).items.length === 1, 30_000);
    await virsh("undefine", "kept");
    await until("its end", async () => (await list()).items.length === 0);
  });

  describe("have consoles", () => {
    beforeAll(async () => {
      const guest = buildGuest();
      const { folder } = daemon;
      execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", join(folder, "a.qcow2"), "64M"]);
      const meta = new TextEncoder().encode("instance-id: i\nlocal-hostname: talker\n");
      writeFileSync(join(folder, "seed.iso"), writeIso("cidata", [{ name: "meta-data", bytes: meta }], new Date()));
      const vnc = `<graphics type='vnc'><listen type='socket' socket='${folder}/g.vnc'/></graphics>`;
      await define("guest", guestDomainXml("guest", guest, folder).replace("<video>", `${vnc}<video>`));
      await virsh("start", "guest");
      await until("the host's word", async () => (await consoleTicket(product, ids["guest"]!)).status === 201);
    }, BOOT_MS);
    const vm = () => ids["guest"]!;

    it("serial, both ways", async () => {
      const viewer = await openConsole(product, vm());
      await until("a shell", () => (viewer.type("\n"), viewer.text.includes("# ")), BOOT_MS);
      viewer.type("echo $((40+2))-answers; hostname\n");
      await viewer.sees("42-answers", BOOT_MS);
      viewer.type("head -c 600000 /dev/zero | tr '\\0' x; echo; echo all-$((1+1))\n");
      await viewer.sees("all-2", BOOT_MS);
      expect(viewer.bytes.length).toBeGreaterThan(600_000);
      viewer.socket.close();
      await viewer.gone();
    });

    it("screen, which speaks RFB", async () => {
      const viewer = await openConsole(product, vm(), { console: "screen" });
      await viewer.sees("RFB 003.008\n");
      viewer.type("RFB 003.008\n");
      await until("the kinds of security", () => viewer.bytes.length >= 14);
      expect([...viewer.bytes.subarray(12, 14)]).toEqual([1, 1]);
      viewer.type("\u0001");
      await until("the word that all is well", () => viewer.bytes.length >= 18);
      viewer.type("\u0001");
      await until("the size of the screen", () => viewer.bytes.length >= 22);
      expect(viewer.bytes.readUInt16BE(18)).toBeGreaterThan(100);
      viewer.socket.close();
      await viewer.gone();
    });

    it("of one holder: the next is refused, unless it takes over", async () => {
      const first = await openConsole(product, vm());
      const second = (await consoleTicket(product, vm())).body;
      expect(await dialConsole(product, second.url)).toEqual({ status: 409, code: "CONSOLE_IN_USE" });
      const third = await openConsole(product, vm(), { take_over: true });
      await first.gone();
      expect([first.ended, first.closed]).toEqual(["Somebody else took the console.", 1000]);
      third.type("echo mine-$((3+4))\n");
      await third.sees("mine-7", BOOT_MS);
      third.socket.close();
      await third.gone();
    });

    it("by tickets of one use, for one principal and one machine; and only as long as the right lasts", async () => {
      const grants = [{ role: "operator", hosts: ["kvm"], operations: ["vm.*"] }];
      const { key, id } = (await json<{ key: string; id: string }>(product, "POST", "/api/v1/keys", { name: "guest", grants })).body;
      const stolen = (await consoleTicket(product, vm())).body.url;
      expect(await dialConsole(product, stolen, { key })).toEqual({ status: 403, code: "TICKET_INVALID" });
      expect(await dialConsole(product, stolen)).toEqual({ status: 403, code: "TICKET_INVALID" });
      const moved = (await consoleTicket(product, vm())).body.url.replace(vm(), vm().replace(/^./, "0"));
      expect(await dialConsole(product, moved)).toMatchObject({ code: "TICKET_INVALID" });
      const viewer = await openConsole(product, vm(), {}, key);
      expect((await json(product, "DELETE", `/api/v1/keys/${id}`)).status).toBe(204);
      await viewer.gone(10_000);
      expect(viewer.closed).toBe(1008);
    });

    it("that end when relay.toml takes them away, or the machine is off", async () => {
      const viewer = await openConsole(product, vm(), { take_over: true });
      reload(`labels = ["other"]\n${toml}`);
      await until("the new file", async () =>
        (await json<{ relay_labels: string[] }>(product, "GET", "/api/v1/hosts/kvm")).body.relay_labels.includes("other"),
      );
      viewer.type("echo goes-on-$((5+5))\n");
      await viewer.sees("goes-on-10", BOOT_MS);
      reload(`${toml}[allow]\noperations = ["vm.list", "vm.get"]\n`);
      await viewer.gone();
      await until("that there are none", async () => (await consoleTicket(product, vm())).body.code === "OPERATION_UNSUPPORTED");
      reload(toml);
      await until("that they are back", async () => {
        const { status, body } = await consoleTicket(product, vm(), { take_over: true });
        const again = status === 201 && (await dialConsole(product, body.url));
        if (!(again instanceof ConsoleViewer)) return false;
        again.socket.close();
        return true;
      });
      const last = await openConsole(product, vm(), { take_over: true });
      await virsh("destroy", "guest");
      await last.gone();
      expect(last.ended).toBe("The virtual machine is off.");
      const { url } = (await consoleTicket(product, vm())).body;
      expect(await dialConsole(product, url)).toEqual({ status: 409, code: "VM_STATE_INVALID" });
    });
  });

  it("are gone from the lists when relay.toml has no hypervisor any more", async () => {
    reload('name = "kvm"\n');
    await until("an empty list", async () => {
      const { items, as_of, stale } = await list();
      return items.length === 0 && as_of === null && !stale;
    });
    await until("the same everywhere", async () => (await everywhere()).items.length === 0);
    reload(toml);
    await until("that it is back", async () => (await list()).items.length === 1 && !(await list()).stale);
  });
});
