// A virtual machine's parts changed on a phone: hardware with its plan, notes, disks, networks, power; on a real libvirtd, which is
// asked by virsh what came of it.
import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guestSpec } from "../fixtures/guest-disk.ts";
import { libvirtdMissing } from "../fixtures/libvirtd.ts";
import { axeFindings, expectFitting, hasChromium, launch, screenshot, signIn, type Seen } from "./chromium.ts";
import { startVmRig, type VmRig } from "./vm-rig.ts";

const isSkipped = !hasChromium || libvirtdMissing !== null;

let rig: VmRig;
let browser: Browser;
let seen: Seen;
let vm = "";

const virsh = (...args: string[]) => rig.daemon.virsh(rig.daemon.uri, ...args);
const tab = (name: string) => seen.page.locator(".tabs").getByRole("link", { name }).click();

beforeAll(async () => {
  if (isSkipped) return;
  [rig, browser] = await Promise.all([startVmRig(), launch()]);
  const spec = { ...guestSpec("parts"), start: true };
  const made = await rig.product.request("POST", "/api/v1/hosts/kvm1/vms", spec, { prefer: "wait=60" });
  vm = (JSON.parse(made.body) as { result: { data: { id: string } } }).result.data.id;
  seen = await signIn(browser, rig.product, "phone", "light", `/app/hosts/kvm1/vms/${vm}`);
}, 180_000);
afterAll(async () => {
  await seen?.context.close();
  await browser?.close();
  await rig?.stop();
});

async function look(name: string): Promise<void> {
  await screenshot(seen.page, name);
  expect(await axeFindings(seen.page), name).toEqual([]);
  await expectFitting(seen.page, "phone");
}

/** By key, as who has no pointer does it. */
async function holdKey(button: Locator): Promise<void> {
  await button.focus();
  await seen.page.keyboard.down("Space");
  await seen.page.locator(".held").waitFor();
  await seen.page.locator(".held").waitFor({ state: "detached" });
  await seen.page.keyboard.up("Space");
}

describe.skipIf(isSkipped)("the page of a virtual machine", () => {
  it("edits the notes where they stand", async () => {
    const { page } = seen;
    await page.getByRole("button", { name: "Edit notes" }).click();
    await page.getByLabel("Notes", { exact: true }).fill("Serves the shop.\nAsk Ada first.");
    await page.getByRole("button", { name: "Save", exact: true }).last().click();
    await page.getByText("Ask Ada first.").and(page.locator(".notes")).waitFor();
    expect(await virsh("desc", "parts")).toContain("Ask Ada first.");
  });

  it("shows the plan of what needs a restart before it is made", async () => {
    const { page } = seen;
    await tab("Hardware");
    await page.getByRole("button", { name: "Nothing changed" }).waitFor();
    await page.getByLabel("Memory required").fill("300");
    await page.getByRole("button", { name: "Save 1 change" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("memory_bytes").waitFor();
    await look("parts-plan");
    expect(await virsh("dumpxml", "parts", "--inactive")).toContain("<memory unit='KiB'>262144</memory>");
    await dialog.getByRole("button", { name: "Apply" }).click();
    await page.getByText("Saved: some of it applies when the machine was off once.").waitFor();
    expect(await virsh("dumpxml", "parts", "--inactive")).toContain("<memory unit='KiB'>307200</memory>");
    await page.getByText("waiting: memory_bytes").waitFor();
    await page.getByLabel("Memory required").fill("1");
    await page.getByRole("button", { name: "Save 1 change" }).click();
    await page.locator(".field-error").waitFor();
    await look("parts-hardware-wrong");
    await page.getByRole("button", { name: "Take back" }).click();
    await page.getByRole("button", { name: "Nothing changed" }).waitFor();
  });

  it("adds a disk, makes it larger, takes it off and deletes another", async () => {
    const { page } = seen;
    await tab("Disks");
    for (const name of ["data", "spare"]) {
      await page.getByRole("button", { name: "Add a disk" }).click();
      const form = page.getByRole("form", { name: "New disk" });
      await form.getByLabel("Size required").fill("64");
      await form.getByLabel("Unit of size").selectOption("MiB");
      await form.locator("summary").click();
      await form.getByLabel("Name", { exact: true }).fill(name);
      await form.getByRole("button", { name: "Add it" }).click();
      await page.getByRole("heading", { name, exact: true }).waitFor();
    }
    await look("parts-disks");
    const card = (name: string) => page.locator("section.card", { has: page.getByRole("heading", { name, exact: true }) });
    await card("data").locator("summary").click();
    await card("data").getByLabel("Size", { exact: true }).fill("32");
    await card("data").getByRole("button", { name: "Resize" }).click();
    await card("data").getByText("DISK_SHRINK_REFUSED").waitFor();
    await card("data").getByLabel("Size", { exact: true }).fill("96");
    await card("data").getByRole("button", { name: "Resize" }).click();
    await card("data").locator(".badge", { hasText: "96.0 MiB" }).waitFor();
    await card("spare").getByRole("button", { name: "Take off" }).click();
    const gone = async () => {
      const dialog = page.getByRole("dialog").getByRole("button", { name: "Take off" });
      if (await dialog.isVisible()) await dialog.click();
      return card("spare").count();
    };
    await expect.poll(gone, { timeout: 15_000 }).toBe(0);
    await card("data").getByRole("button", { name: "Delete…" }).click();
    await holdKey(page.getByRole("dialog").getByRole("button", { name: /^Delete/ }));
    await card("data").waitFor({ state: "detached" });
    const blocks = await virsh("domblklist", "parts", "--inactive");
    expect(blocks).not.toContain("data");
    expect(blocks).not.toContain("spare");
  });

  it("adds a network, changes it and removes it", async () => {
    const { page } = seen;
    await tab("Networks");
    await page.getByRole("button", { name: "Add a network" }).click();
    await page.getByRole("form", { name: "New network adapter" }).locator("summary").click();
    await page.getByLabel("Hardware address", { exact: true }).fill("52:54:00:AA:BB:CC");
    await page.getByRole("button", { name: "Add it" }).click();
    const card = page.locator("section.card", { hasText: /52:54:00:aa:bb:cc/i });
    await card.waitFor();
    await look("parts-networks");
    await card.getByRole("button", { name: "Pull the cable" }).click();
    await card.getByText("cable out").waitFor();
    expect(await virsh("dumpxml", "parts")).toContain("<link state='down'/>");
    await card.getByRole("button", { name: "Remove…" }).click();
    await holdKey(page.getByRole("dialog").getByRole("button", { name: /^Remove/ }));
    await card.waitFor({ state: "detached" });
    expect(await virsh("domiflist", "parts", "--inactive")).not.toMatch(/52:54:00:aa:bb:cc/i);
  });

  it("says beside the button why something cannot be done, and asks who can only press", async () => {
    const { page } = seen;
    await tab("Overview");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.locator(".bar").getByText("paused").waitFor();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.locator(".bar").getByText("running").waitFor();
    // As a screen reader presses: neither pointer nor key.
    await page.getByRole("button", { name: /^Stop/ }).evaluate((node: HTMLElement) => node.click());
    await page.getByRole("dialog").getByRole("button", { name: "Keep" }).click();
    expect((await virsh("domstate", "parts")).trim()).toBe("running");
    await holdKey(page.getByRole("button", { name: /^Stop/ }));
    await page.locator(".bar").getByText("off", { exact: true }).waitFor();
    await page.goto(`${rig.product.ready.url}/app/hosts/kvm1/vms/${vm}/console/screen`);
    await page.getByText("There is no console now.").waitFor();
    await page.getByText(/The virtual machine is off/).waitFor();
    await look("parts-console-off");
    expect(seen.faults).toEqual([]);
  });
});
