// How a Hyper-V host looks: its pages are those of any other, without what it lacks, with what only it has. Screenshots go to
// test-output/web, to be looked at.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { axeFindings, expectFitting, hasChromium, launch, screenshot, signIn, type Device, type Scheme } from "./chromium.ts";
import { hypervMachines } from "./fake-hyperv-vms.ts";
import { fakeVmApi, type FakeVmApi } from "./fake-vm-api.ts";
import { IDS } from "./fake-vms.ts";
import { startRig, type Rig } from "./rig.ts";

const WEB = `/app/hosts/vm100/vms/${IDS.web}`;
const OLD = `/app/hosts/vm100/vms/${IDS.old}`;
const KVM_ALONE = ["Say sockets, cores and threads", "Cache", "Give freed space back", "Read only", "MiB a second", "Format"];
const LOOKS: readonly (readonly [Device, Scheme])[] = [
  ["phone", "light"],
  ["desktop", "dark"],
];

let rig: Rig;
let browser: Browser;
beforeAll(async () => {
  if (hasChromium) [rig, browser] = await Promise.all([startRig(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await rig?.stop();
});

const openAll = async (page: Page) => {
  for (const fold of await page.locator("summary").all()) await fold.click();
};
const optionsOf = (page: Page, label: string) => page.getByLabel(label, { exact: true }).first().locator("option").allTextContents();

async function expectAbsent(page: Page, labels: readonly string[]): Promise<void> {
  for (const label of labels) expect(await page.getByLabel(label, { exact: true }).count(), label).toBe(0);
}

describe.skipIf(!hasChromium).each(LOOKS)("a Hyper-V host on a %s, %s,", (device, scheme) => {
  async function visit(
    work: (page: Page, look: (name: string) => Promise<void>, api: FakeVmApi, go: (path: string) => Promise<unknown>) => Promise<void>,
  ) {
    const { page, context, faults } = await signIn(browser, rig.product, device, scheme);
    const api = await fakeVmApi(page, hypervMachines);
    const wrong: string[] = [];
    const look = async (name: string) => {
      await screenshot(page, `${device}-${scheme}-hyperv-${name}`);
      for (const finding of await axeFindings(page)) wrong.push(`${name}: ${finding}`);
      await expectFitting(page, device).catch((error: Error) => wrong.push(`${name}: ${error.message}`));
    };
    await work(page, look, api, (path) => page.goto(rig.product.ready.url + path));
    expect(wrong).toEqual([]);
    expect(faults).toEqual([]);
    // Pages ask on and on; what is on its way is nobody's any more.
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await context.close();
  }

  it("shows a machine with its screen and keys, and offers no console", () =>
    visit(async (page, look, api, go) => {
      await go(WEB);
      await page.getByText("the machine is saved").waitFor();
      await page.getByText("starts, if it ran before, after 30 s").waitFor();
      await page.getByText("UEFI, secure boot, Microsoft's keys for others, TPM").waitFor();
      await page.getByText("20 % in reserve").waitFor();
      expect(await page.getByRole("link", { name: /Console|Serial|Open screen/ }).count()).toBe(0);
      await look("vm");
      await page.getByRole("button", { name: "Ctrl-Alt-Del" }).click();
      await page.getByLabel("Text", { exact: true }).fill("uname -a");
      await page.getByRole("button", { name: "Type it" }).click();
      await expect
        .poll(() => api.sent.map(({ path, body }) => [path.split("/").at(-1), body]))
        .toEqual([
          ["send-keys", { chords: [["ctrl", "alt", "delete"]] }],
          ["send-keys", { text: "uname -a" }],
        ]);
      for (const console of ["screen", "serial"]) {
        await go(`${WEB}/console/${console}`);
        await page.getByText("Hyper-V opens no consoles here").waitFor();
      }
      await look("console");
      await page.getByRole("link", { name: "To the machine", exact: true }).click();
      await page.getByRole("heading", { name: "web" }).waitFor();
    }));

  it("has forms with what it serves, and with nothing else", () =>
    visit(async (page, look, _api, go) => {
      await go(`${WEB}/hardware`);
      await page.getByLabel("Keys", { exact: true }).waitFor();
      await openAll(page);
      for (const label of ["Reserve, percent", "When", "After so many seconds", "When the host stops"])
        expect(await page.getByLabel(label, { exact: true }).count(), label).toBe(1);
      await expectAbsent(page, KVM_ALONE);
      await look("hardware");
      await go(`${WEB}/disks`);
      await page.getByRole("button", { name: "Add a disk" }).click();
      await openAll(page);
      await expectAbsent(page, [...KVM_ALONE, "Bus"]);
      expect(await page.getByText("Freed space").count()).toBe(0);
      await look("disks");
      await go(`${WEB}/networks`);
      await page.getByRole("button", { name: "Change" }).click();
      await openAll(page);
      await expectAbsent(page, ["Model"]);
      await look("networks");
      // Generation 1 has another bus and another adapter.
      await go(`${OLD}/disks`);
      await page.getByRole("button", { name: "Add a disk" }).click();
      await openAll(page);
      expect(await optionsOf(page, "Bus")).toEqual(["the usual one", "scsi", "ide"]);
      await go(`${OLD}/networks`);
      await page.getByRole("button", { name: "Add a network" }).click();
      await openAll(page);
      expect(await optionsOf(page, "Model")).toEqual(["the usual one", "paravirtual", "legacy"]);
      await go(`${WEB}/snapshots`);
      await page.getByRole("button", { name: "Take a snapshot" }).click();
      await page.getByLabel("With its memory").click();
      await page.getByText("The guest stills its file systems first").waitFor();
      expect(await page.getByText("external").count()).toBe(0);
      await look("snapshots");
    }));

  it("has the same in the form of a new machine and in the forms of operations", () =>
    visit(async (page, look, api, go) => {
      await go("/app/vms/new");
      await page.getByLabel("Name required").fill("box");
      await openAll(page);
      await expectAbsent(page, [...KVM_ALONE, "Bus", "Model"]);
      expect(await page.getByLabel("When the host stops").count()).toBe(1);
      await page.getByLabel("Kind").selectOption("bios");
      expect(await optionsOf(page, "Bus")).toEqual(["the usual one", "scsi", "ide"]);
      await page.getByLabel("No other hardware address than its own").uncheck();
      await look("new");
      await page.getByRole("button", { name: "Create and start" }).click();
      await expect.poll(() => api.sent.length).toBe(1);
      expect(api.sent[0]!.body).toMatchObject({ name: "box", firmware: "bios", nics: [{ network: "lan", mac_spoofing_guard: false }] });
      await go("/app/hosts/vm100/operations/disk.create");
      await page.getByLabel("Iops max").waitFor();
      await expectAbsent(page, ["Cache", "Discard", "Read only", "Bytes per second max"]);
      expect(await optionsOf(page, "Format")).toEqual(["not set", "vhdx"]);
      await look("operation");
      await go("/app/hosts/vm100/operations/vm.console");
      await page.getByText("Hyper-V has no such thing.").waitFor();
      api.hasHypervisor = false;
      api.vms = [];
      await go("/app/vms");
      await page.getByText("[hyperv.storage.default]").waitFor();
      await look("none");
    }));
});
