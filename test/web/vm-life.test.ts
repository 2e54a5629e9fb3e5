// The life of a virtual machine in the hands of a person with a phone: made, seen, kept, stopped, deleted; on a real libvirtd and a
// real guest. What the guest shows is read off the canvas, letter by letter.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { libvirtdMissing } from "../fixtures/libvirtd.ts";
import { axeFindings, expectFitting, hasChromium, launch, screenshot, signIn, type Seen } from "./chromium.ts";
import { ALPHABET, cellsOf, fontOf, textOf } from "./screen-text.ts";
import { startVmRig, type VmRig } from "./vm-rig.ts";

const isSkipped = !hasChromium || libvirtdMissing !== null;
const BOOT_MS = 90_000;

let rig: VmRig;
let browser: Browser;
let seen: Seen;

beforeAll(async () => {
  if (isSkipped) return;
  [rig, browser] = await Promise.all([startVmRig(), launch()]);
  seen = await signIn(browser, rig.product, "phone", "light", "/app/vms");
}, 180_000);
afterAll(async () => {
  await seen?.context.close();
  await browser?.close();
  await rig?.stop();
});

async function hold(name: RegExp): Promise<void> {
  const { page } = seen;
  const button = page.getByRole("button", { name }).first();
  await button.scrollIntoViewIfNeeded();
  const box = (await button.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await button.and(page.locator(".held")).waitFor();
  await page.locator(".held").waitFor({ state: "detached" });
  await page.mouse.up();
}

/** Types at the guest's shell until it has answered: what is typed before the console is connected goes nowhere. */
async function onSerial(line: string, answer: RegExp): Promise<void> {
  const { page } = seen;
  await page.locator(".terminal-box:not(.screen-box):not(.over)[aria-busy=false]").waitFor();
  await page.locator(".xterm-helper-textarea").focus();
  await page.keyboard.type(`${line}\n`);
  await serial().getByText(answer).last().waitFor();
}

/** A picture to be looked at, and what can be said without eyes. */
async function look(name: string): Promise<void> {
  await screenshot(seen.page, name);
  expect(await axeFindings(seen.page), name).toEqual([]);
  await expectFitting(seen.page, "phone");
}

const serial = () => seen.page.locator(".xterm-rows");

describe.skipIf(isSkipped)("a virtual machine", () => {
  it("is made from the form and starts", async () => {
    const { page } = seen;
    await page.getByText("No virtual machines yet").waitFor();
    await look("life-1-empty");
    await page.getByRole("link", { name: "Create the first one" }).click();
    await page.getByLabel("Name required").fill("Web 1");
    await page.getByLabel("Memory required").fill("256");
    await page.getByLabel("Unit of memory").selectOption("MiB");
    await page.getByLabel("Kind").selectOption("bios");
    await page.getByRole("button", { name: "Create and start" }).click();
    await page.locator(".field-error").first().waitFor();
    expect(await page.locator(".field-error").count()).toBe(1);
    await look("life-2-refused");
    await page.getByLabel("Name required").fill("web1");
    await page.getByRole("button", { name: "Create and start" }).click();
    await page.waitForURL(/\/vms\/[0-9a-f-]{36}$/);
    await page.getByRole("heading", { name: "web1" }).waitFor();
    await page.locator(".bar").getByText("running").waitFor();
    expect((await rig.daemon.virsh(rig.daemon.uri, "domstate", "web1")).trim()).toBe("running");
  });

  it("shows the guest's own text on its screen and its serial port", async () => {
    const { page } = seen;
    await page.getByRole("link", { name: "Serial console" }).click();
    await page.locator(".terminal-box[aria-busy=false]").waitFor();
    await page.locator(".xterm-helper-textarea").focus();
    await expect
      .poll(
        async () => {
          await page.keyboard.type("\n");
          return serial().textContent();
        },
        { timeout: BOOT_MS, interval: 1_000 },
      )
      .toMatch(/#/);
    await page.keyboard.type("echo $((6*7))-from-the-guest\n");
    await serial()
      .getByText(/^42-from-the-guest/)
      .waitFor();
    await page.keyboard.type(
      `clear >/dev/tty0; echo '${ALPHABET}' >/dev/tty0; echo "HELLO-$((6*7)) FROM THE SCREEN" >/dev/tty0; echo all-done\n`,
    );
    await serial()
      .getByText(/^all-done/)
      .waitFor();
    await look("life-3-serial");
    await page.getByRole("link", { name: "Screen", exact: true }).click();
    await page.locator(".screen-box canvas").waitFor();
    await expect
      .poll(
        async () => {
          const cells = await cellsOf(page);
          return cells === null ? null : textOf(cells, fontOf(cells)).slice(0, 2);
        },
        { timeout: 30_000 },
      )
      .toEqual([ALPHABET, "HELLO-42 FROM THE SCREEN"]);
    await look("life-4-screen");
    expect(seen.faults).toEqual([]);
  });

  it("takes what is typed on a phone's keyboard and on the bar of keys", async () => {
    const { page } = seen;
    await page.getByRole("link", { name: "Serial", exact: true }).click();
    await onSerial("(head -n 1 /dev/tty1 >/tmp/typed) & echo listening", /^listening/);
    await page.getByRole("link", { name: "Screen", exact: true }).click();
    await page.locator(".screen-box[aria-busy=false]").waitFor();
    const keys = page.getByRole("toolbar", { name: "Keys" });
    await keys.getByRole("button", { name: "Keyboard" }).click();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("TEXTAREA");
    await page.keyboard.insertText("wrong");
    const ctrl = keys.getByRole("button", { name: "Ctrl", exact: true });
    await ctrl.click();
    await ctrl.and(page.locator("[aria-pressed=true]")).waitFor();
    await page.keyboard.insertText("u");
    await ctrl.and(page.locator("[aria-pressed=false]")).waitFor();
    await page.keyboard.insertText("Typed-by_Thumb!x");
    await page.keyboard.press("Backspace");
    await keys.getByRole("button", { name: "Enter" }).click();
    await page.getByRole("link", { name: "Serial", exact: true }).click();
    await onSerial("cat /tmp/typed", /^Typed-by_Thumb!\s*$/);
  });

  it("has one writer of its serial port, who can be replaced", async () => {
    const { page } = seen;
    const other = await signIn(browser, rig.product, "phone", "dark", new URL(page.url()).pathname);
    try {
      await other.page.getByText("Somebody else has this console.").waitFor();
      await screenshot(other.page, "life-9-in-use");
      await other.page.getByRole("button", { name: "Take over" }).click();
      await page.getByText("The console has ended.").waitFor();
      await page.getByText("Somebody else took the console.").waitFor();
      await page.getByRole("button", { name: "Reconnect" }).click();
      await page.getByText("Somebody else has this console.").waitFor();
      expect(other.faults).toEqual([]);
    } finally {
      await other.context.close();
    }
    await page.getByRole("button", { name: "Take over" }).click();
    await onSerial("echo mine-again", /^mine-again/);
  });

  it("is kept by a snapshot, stopped by holding, and deleted with its disk", async () => {
    const { page } = seen;
    await page.getByRole("link", { name: "Up to the machine" }).click();
    await page.getByRole("img", { name: "Screen of web1" }).waitFor();
    await page.getByRole("img", { name: /Processors: \d+ %/ }).waitFor();
    await look("life-5-overview");
    await page.getByRole("link", { name: "Snapshots" }).click();
    await page.getByRole("button", { name: "Take a snapshot" }).click();
    await page.getByLabel("Name required").fill("first");
    await page.getByRole("button", { name: "Take it" }).click();
    await page.getByText("now on it").waitFor();
    await look("life-6-snapshot");
    expect(await rig.daemon.virsh(rig.daemon.uri, "snapshot-list", "web1", "--name")).toMatch(/^first$/m);

    await page.getByRole("link", { name: "Up to Virtual machines" }).click();
    const row = page.locator(".vm-row", { hasText: "web1" });
    await row.getByText("running").waitFor();
    await row.getByRole("button", { name: /^Stop/ }).click();
    await row.getByText("Hold for a second.", { exact: false }).waitFor();
    expect((await rig.daemon.virsh(rig.daemon.uri, "domstate", "web1")).trim()).toBe("running");
    await hold(/^Stop/);
    await row.getByText("off", { exact: true }).waitFor();
    expect((await rig.daemon.virsh(rig.daemon.uri, "domstate", "web1")).trim()).toBe("shut off");
    await look("life-7-off");

    await row.getByRole("link").click();
    await page.locator("summary", { hasText: "Delete" }).click();
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.getByRole("dialog").waitFor();
    await look("life-8-delete");
    await hold(/^Delete\s*hold/);
    await page.getByText("No virtual machines yet").waitFor();
    expect((await rig.daemon.virsh(rig.daemon.uri, "list", "--all", "--name")).trim()).toBe("");
    expect(readdirSync(join(rig.daemon.folder, "default"))).toEqual([]);
    expect(seen.faults).toEqual([]);
  });
});
