// A fleet of a Hyper-V host and a KVM host in the hands of a person with a phone: one list, one form that changes with its host; a
// machine made, seen, changed, kept and deleted on Hyper-V. The real agent in PowerShell 7 on the fake Hyper-V, whose books are
// asked what came of it. Each question to the host is a process: few are asked.
import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { libvirtdMissing } from "../fixtures/libvirtd.ts";
import { PWSH } from "../relay/drivers/hyperv/fake-world.ts";
import { axeFindings, expectFitting, hasChromium, launch, screenshot, signIn, type Seen } from "./chromium.ts";
import { startHypervRig, type HypervRig } from "./hyperv-rig.ts";

const isSkipped = !hasChromium || PWSH === null;
const hasKvm = libvirtdMissing === null;
/** A busy machine starts PowerShell slowly. */
const SLOW_MS = 100_000;

let rig: HypervRig;
let browser: Browser;
let seen: Seen;
let machine = "";

interface FakeVm {
  readonly name: string;
  readonly state: string;
  readonly generation: number;
}
const made = () => rig.world().vms.find(({ name }) => name === "box") as (FakeVm & Record<string, unknown>) | undefined;

beforeAll(async () => {
  if (isSkipped) return;
  [rig, browser] = await Promise.all([startHypervRig({ withKvm: hasKvm }), launch()]);
  if (hasKvm) {
    const spec = { name: "penguin", firmware: "bios", cpus: 1, memory_bytes: 64 * 1024 ** 2, nics: [{ network: "nat" }] };
    await rig.product.request("POST", "/api/v1/hosts/kvm1/vms", spec, { prefer: "wait=60" });
  }
  seen = await signIn(browser, rig.product, "phone", "light", "/app/vms");
  seen.context.setDefaultTimeout(SLOW_MS);
}, 180_000);
afterAll(async () => {
  await seen?.context.close();
  await browser?.close();
  await rig?.stop();
});

async function look(name: string): Promise<void> {
  await screenshot(seen.page, `hyperv-${name}`);
  expect(await axeFindings(seen.page), name).toEqual([]);
  await expectFitting(seen.page, "phone");
}

const tab = (name: string) => seen.page.locator(".tabs").getByRole("link", { name }).click();

async function holdKey(button: Locator): Promise<void> {
  await button.focus();
  await seen.page.keyboard.down("Space");
  await seen.page.locator(".held").waitFor();
  await seen.page.locator(".held").waitFor({ state: "detached" });
  await seen.page.keyboard.up("Space");
}

describe.skipIf(isSkipped)("a Hyper-V host", { timeout: 4 * SLOW_MS }, () => {
  it.skipIf(!hasKvm)("shares the form of a new machine, which changes with its host", async () => {
    const { page } = seen;
    const count = (label: string) => page.getByLabel(label, { exact: true }).count();
    await page.goto(`${rig.product.ready.url}/app/vms/new?host=kvm1`);
    await page.getByText("Advanced").click();
    await page.getByLabel("Say sockets, cores and threads").waitFor();
    expect(await count("When the host stops")).toBe(0);
    await page.getByLabel("Host", { exact: true }).selectOption("hv1");
    await page.getByText("Advanced").click();
    await page.getByLabel("When the host stops").waitFor();
    expect(await count("Say sockets, cores and threads")).toBe(0);
  });

  it("makes a machine from that form, and lists it among all others", async () => {
    const { page } = seen;
    await page.goto(`${rig.product.ready.url}/app/vms/new?host=hv1`);
    await page.getByLabel("Name required").fill("box");
    await page.getByText("Advanced").click();
    await page.getByLabel("When the host stops").selectOption("save");
    await page.getByLabel("Start with the host").check();
    await page.getByLabel("After so many seconds").fill("30");
    await page.getByRole("button", { name: "Create and start" }).click();
    await page.waitForURL(/\/vms\/[0-9a-f-]{36}$/);
    machine = page.url();
    await page.locator(".bar").getByText("running").waitFor();
    expect(made()).toMatchObject({ generation: 2, state: "Running" });
    await page.getByText("starts, after 30 s").waitFor();
    await page.getByText("the machine is saved").waitFor();
    await page.getByRole("img", { name: "Screen of box" }).waitFor();
    expect(await page.getByRole("link", { name: /Console|Serial|Open screen/ }).count()).toBe(0);
    await look("vm");
    await page.goto(`${rig.product.ready.url}/app/vms`);
    await page.locator(".vm-link", { hasText: "box" }).waitFor();
    if (hasKvm) await page.locator(".vm-link", { hasText: "penguin" }).waitFor();
    await look("vms");
  });

  it("presses keys where it has no console", async () => {
    const { page } = seen;
    await page.goto(`${machine}/console/serial`);
    await page.getByText("Hyper-V opens no consoles here").waitFor();
    await page.getByRole("link", { name: "To the machine", exact: true }).click();
    await page.getByLabel("Text", { exact: true }).fill("root");
    await page.getByRole("button", { name: "Type it" }).click();
    await expect.poll(() => page.getByLabel("Text", { exact: true }).inputValue(), { timeout: SLOW_MS }).toBe("");
    expect(JSON.stringify(made())).toContain("root");
  });

  it("says what can only be changed while it is off, and changes the rest", async () => {
    const { page } = seen;
    await tab("Hardware");
    await page.getByLabel("Notes").fill("Serves the shop.");
    await page.getByLabel("Processors required", { exact: true }).fill("4");
    await page.getByRole("button", { name: "Save 2 changes" }).click();
    await page
      .getByText(/must be off to change cpus/)
      .first()
      .waitFor();
    const apply = page.getByRole("dialog").getByRole("button", { name: "Apply" });
    if (await apply.isVisible()) await apply.click();
    await page.getByText("Done in part").waitFor();
    await look("hardware-partly");
    expect(JSON.stringify(made())).toContain("Serves the shop.");
  });

  it("is deleted with its disks", async () => {
    const { page } = seen;
    await tab("Overview");
    await page.getByText("Delete", { exact: true }).click();
    await page.getByRole("button", { name: "Delete…" }).click();
    const button = page.getByRole("dialog").getByRole("button", { name: /^Delete/ });
    await button.waitFor();
    await look("delete");
    await holdKey(button);
    await page.waitForURL(/\/app\/vms$/);
    expect(made()).toBeUndefined();
    expect(seen.faults).toEqual([]);
  });
});
