// How the pages of virtual machines look: on a phone and a desktop, light and dark, with machines in many states. Screenshots go to
// test-output/web, to be looked at.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { axeFindings, DEVICES, expectFitting, hasChromium, launch, screenshot, signIn, type Device, type Scheme } from "./chromium.ts";
import { failed, fakeVmApi, planOf, RUNNING } from "./fake-vm-api.ts";
import { IDS } from "./fake-vms.ts";
import { startRig, type Rig } from "./rig.ts";

let rig: Rig;
let browser: Browser;
beforeAll(async () => {
  if (hasChromium) [rig, browser] = await Promise.all([startRig(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await rig?.stop();
});

const VM = `/app/hosts/vm100/vms/${IDS.web}`;
const SCREENS: readonly (readonly [name: string, path: string, ready: string])[] = [
  ["host-with-vms", "/app/hosts/vm100", "text=Virtual machines of this host"],
  ["vms", "/app/vms", "text=needs a restart"],
  ["vms-none-like", "/app/vms?state=paused", "text=Show all"],
  ["vm", VM, "role=img[name=/Disks, written: .*s/]"],
  ["vm-hardware", `${VM}/hardware`, "text=a multiple of 2 MiB"],
  ["vm-disks", `${VM}/disks`, "text=Put it in"],
  ["vm-networks", `${VM}/networks`, "text=Pull the cable"],
  ["vm-snapshots", `${VM}/snapshots`, "text=now on it"],
  ["vm-new", "/app/vms/new", "text=letters, digits"],
];
const LOOKS = (Object.keys(DEVICES) as Device[]).flatMap((device) =>
  (["light", "dark"] as Scheme[]).map((scheme) => [device, scheme] as const),
);

describe.skipIf(!hasChromium).each(LOOKS)("on a %s, %s,", (device, scheme) => {
  it("every page of virtual machines fits and can be used by all", async () => {
    const { page, context, faults } = await signIn(browser, rig.product, device, scheme);
    const api = await fakeVmApi(page);
    const wrong: string[] = [];
    const look = async (name: string) => {
      await screenshot(page, `${device}-${scheme}-${name}`);
      for (const finding of await axeFindings(page)) wrong.push(`${name}: ${finding}`);
      await expectFitting(page, device).catch((error: Error) => wrong.push(`${name}: ${error.message}`));
    };
    for (const [name, path, ready] of SCREENS) {
      await page.goto(rig.product.ready.url + path);
      await page.locator(ready).first().waitFor();
      await look(name);
    }
    // Everything open, and refused by its host.
    await page.getByLabel("Name required").fill("web");
    await page.getByLabel("The host gives it").selectOption("dynamic");
    for (const fold of await page.locator("summary").all()) await fold.click();
    await page.getByText("Say sockets, cores").click();
    api.answer = () =>
      failed("SPEC_INVALID", "The specification is wrong.", "Correct the fields below.", [
        { pointer: "/disks/0/size_bytes", message: "must be a multiple of 4,096" },
        { pointer: "/nics/0/mac", message: "is taken" },
        { pointer: "/memory_min_bytes", message: "must be at most memory_bytes" },
      ]);
    await page.getByRole("button", { name: "Create and start" }).click();
    await page.locator(".field-error").nth(2).waitFor();
    await look("vm-new-wrong");
    await page.locator(".field-error").first().scrollIntoViewIfNeeded();
    await screenshot(page, `${device}-${scheme}-vm-new-wrong-field`);
    await page.goto(`${rig.product.ready.url}${VM}/hardware`);
    await page.getByLabel("Processors required", { exact: true }).fill("4");
    api.answer = () => planOf("cpus", 2, 4, true);
    await page.getByRole("button", { name: "Save 1 change" }).click();
    await page.getByRole("dialog").waitFor();
    await look("vm-plan");
    await page.goto(`${rig.product.ready.url}${VM}`);
    await page.locator("summary", { hasText: "Delete" }).click();
    api.answer = () => planOf("disks", "disk0", null, false);
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.getByRole("dialog").waitFor();
    await look("vm-delete");
    await page.goto(`${rig.product.ready.url}/app/vms`);
    api.answer = () =>
      failed("HOST_MEMORY_SHORT", "The host has not enough free memory.", "Stop another virtual machine, or ask for less.");
    await page.getByRole("button", { name: "Start" }).first().click();
    await page.getByText("HOST_MEMORY_SHORT").waitFor();
    await look("vms-refused");
    api.vms = [];
    await page.getByText("No virtual machines yet").waitFor();
    await look("vms-empty");
    api.hasHypervisor = false;
    await page.goto(`${rig.product.ready.url}/app/vms`);
    await page.getByText("No host has a hypervisor").waitFor();
    await look("vms-no-hypervisor");
    await page.goto(`${rig.product.ready.url}/app/`);
    await page.getByRole("link", { name: /vm100/ }).waitFor();
    expect(await page.getByRole("link", { name: "VMs" }).count()).toBe(0);
    api.hasHypervisor = true;
    await page.getByRole("link", { name: "VMs" }).waitFor();
    expect(wrong).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });
});

describe.skipIf(!hasChromium)("long work", () => {
  it("is followed by its job's events, over a connection that breaks, to its end", async () => {
    const { page, context, faults } = await signIn(browser, rig.product, "phone");
    const api = await fakeVmApi(page);
    const events: string[] = ['id: 1\nevent: progress\ndata: {"percent":40,"message":"copying disk0"}\n\n'];
    const asked: (string | undefined)[] = [];
    await page.route("**/api/v1/jobs/*/events", (route) => {
      asked.push(route.request().headers()["last-event-id"]);
      return route.fulfill({ contentType: "text/event-stream", body: events.join("") });
    });
    await page.goto(`${rig.product.ready.url}/app/vms`);
    api.answer = () => RUNNING;
    await page.getByRole("button", { name: "Start" }).first().click();
    await page.getByText("Starting… 40 %").waitFor();
    await page.getByText("copying disk0").waitFor();
    await page.getByRole("progressbar", { name: "Starting" }).waitFor();
    await screenshot(page, "phone-light-vms-working");
    events[0] =
      'id: 2\nevent: result\ndata: {"status":"failed","result":{"status":"error","code":"STORAGE_FULL","message":"no room is left","logs":[],"correlation_id":"c"}}\n\n';
    await page.getByText("no room is left").waitFor();
    await page.getByText("Free some, or choose another storage class.").waitFor();
    expect(asked.slice(0, 2)).toEqual([undefined, "1"]);
    await page.getByRole("button", { name: "Dismiss" }).click();
    await page.getByText("no room is left").waitFor({ state: "detached" });
    expect(faults).toEqual([]);
    await context.close();
  });
});
