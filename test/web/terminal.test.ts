// A terminal in the browser: typed into, pasted into, resized, watched by two, cut off and found again, ended.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pidOf } from "../product.ts";
import { DEVICES, hasChromium, launch, screenshot, signIn, type Device, type Seen } from "./chromium.ts";
import { startRig, type Rig } from "./rig.ts";

let rig: Rig;
let browser: Browser;
beforeAll(async () => {
  if (!hasChromium) return;
  [rig, browser] = await Promise.all([startRig(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await rig?.stop();
});

const screen = (page: Page) => page.locator(".xterm-rows");
const shows = (page: Page, text: string | RegExp) => screen(page).getByText(text).first().waitFor();
async function type(page: Page, line: string): Promise<void> {
  await page.locator(".xterm-helper-textarea").focus();
  await page.keyboard.type(`${line}\n`);
}

async function opened(device: Device, walk: (seen: Seen) => Promise<void>): Promise<void> {
  const seen = await signIn(browser, rig.product, device, "light", "/app/terminals");
  try {
    await seen.page.getByRole("link", { name: "New terminal" }).first().click();
    await seen.page.waitForURL(/\/terminals\/t-/);
    await walk(seen);
    expect(seen.faults).toEqual([]);
  } finally {
    await seen.context.close();
  }
}

describe.skipIf(!hasChromium).each(Object.keys(DEVICES) as Device[])("on a %s", (device) => {
  it("a new terminal takes what is typed and shows what comes, in its own size and colours", () =>
    opened(device, async ({ page }) => {
      await type(page, "echo $((6*7))-answer; stty size; printf '\\033[38;2;240;128;108mtrue colour\\033[0m\\n'");
      await shows(page, "42-answer");
      await shows(page, /^\d+ \d+$/);
      const [rows, columns] = (await screen(page)
        .getByText(/^\d+ \d+\s*$/)
        .first()
        .textContent())!
        .trim()
        .split(" ")
        .map(Number);
      expect(await screen(page).locator("> div").count()).toBe(rows);
      expect(columns).toBeGreaterThan(device === "phone" ? 30 : 90);
      const [box, text] = await Promise.all([page.locator(".terminal-box").boundingBox(), screen(page).boundingBox()]);
      expect(text!.x).toBeGreaterThanOrEqual(box!.x);
      expect(text!.x + text!.width).toBeLessThanOrEqual(box!.x + box!.width);
      expect(text!.y + text!.height).toBeLessThanOrEqual(box!.y + box!.height);
      const cell = screen(page)
        .locator("span", { hasText: /^true colour/ })
        .last();
      expect(await cell.evaluate((node) => getComputedStyle(node).color)).toBe("rgb(240, 128, 108)");
      // The rules that xterm writes for its rows are there: a policy that dropped them would leave the page's own letters.
      expect(await screen(page).evaluate((node) => getComputedStyle(node).fontFamily)).toContain("monospace");
      await screenshot(page, `${device}-terminal`);
    }));

  it("the key bar sends what a phone's keyboard lacks", () =>
    opened(device, async ({ page }) => {
      const bar = page.getByRole("toolbar", { name: "Keys" });
      await type(page, "cat -v");
      await bar.getByRole("button", { name: "Esc" }).click();
      await bar.getByRole("button", { name: "Up", exact: true }).click();
      await page.keyboard.press("Enter");
      await shows(page, "^[^[[A");
      await bar.getByRole("button", { name: "Ctrl" }).click();
      expect(await bar.getByRole("button", { name: "Ctrl" }).getAttribute("aria-pressed")).toBe("true");
      await page.keyboard.type("c");
      await shows(page, "^C");
      expect(await bar.getByRole("button", { name: "Ctrl" }).getAttribute("aria-pressed")).toBe("false");
      await type(page, "echo free");
      await screen(page).getByText(/^free/).waitFor();
    }));

  it("text is pasted and copied", () =>
    opened(device, async ({ page, context }) => {
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      await type(page, "cat");
      await page.evaluate(() => navigator.clipboard.writeText("pasted ä€ line"));
      await page.getByRole("button", { name: "Paste" }).click();
      await shows(page, "pasted ä€ line");
      await page.getByRole("button", { name: "Copy" }).click();
      await page.getByText("Copied").waitFor();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("pasted ä€ line");
    }));
});

describe.skipIf(!hasChromium)("a terminal", () => {
  it("outlives its page and a lost connection: the screen comes back, what was typed in between does not", () =>
    opened("desktop", async ({ page, context }) => {
      await type(page, "echo before-the-cut");
      await shows(page, /^before-the-cut/);
      await page.reload();
      await shows(page, /^before-the-cut/);
      const { pathname } = new URL(page.url());
      await page.goto(`${rig.product.ready.url}/app/hosts/vm100/terminals`);
      await page.getByRole("link", { name: /made/ }).first().waitFor();
      await page.goto(rig.product.ready.url + pathname);
      await shows(page, /^before-the-cut/);
      await context.setOffline(true);
      await page.evaluate(() => dispatchEvent(new Event("offline")));
      await page.getByText(/No connection/).waitFor();
      await context.setOffline(false);
      await page.getByText(/No connection/).waitFor({ state: "detached" });
      await type(page, "echo after-the-cut");
      await screen(page)
        .getByText(/^after-the-cut/)
        .waitFor();
    }));

  it("is found again when the host's relay was killed", () =>
    opened("desktop", async ({ page }) => {
      await type(page, "echo before-the-kill; export KEPT=kept-value");
      await shows(page, /^before-the-kill/);
      const again = page.waitForEvent("websocket", { timeout: 30_000 });
      process.kill(pidOf(rig.product, "relay"), "SIGKILL");
      await (await again).waitForEvent("framereceived");
      await page.getByText("Connection lost").waitFor({ state: "hidden" });
      await shows(page, /^before-the-kill/);
      await type(page, "echo $KEPT-after");
      await shows(page, /^kept-value-after/);
    }));

  it("has one writer at a time, who can be replaced", () =>
    opened("desktop", async ({ page }) => {
      await type(page, "echo shared-screen");
      await shows(page, /^shared-screen/);
      const other = await signIn(browser, rig.product, "phone", "dark", new URL(page.url()).pathname);
      try {
        await shows(other.page, /^shared-screen/);
        await other.page.getByText("read only").waitFor();
        await page.getByText("2 watching").waitFor();
        await other.page.getByRole("button", { name: "Take over" }).click();
        await page.getByText("read only").waitFor();
        await type(other.page, "echo mine-now");
        await shows(page, /^mine-now/);
        expect(other.faults).toEqual([]);
        await screenshot(other.page, "phone-terminal-dark");
      } finally {
        await other.context.close();
      }
    }));

  it("takes a flood without losing the end or the page", () =>
    opened("desktop", async ({ page }) => {
      await type(page, "seq 1 200000; echo the-very-end");
      await screen(page)
        .getByText(/^the-very-end/)
        .waitFor();
      await shows(page, /^200000/);
    }));

  it("that has ended says so and leads on", () =>
    opened("desktop", async ({ page }) => {
      await type(page, "echo shell-is-there");
      await shows(page, /^shell-is-there/);
      await type(page, "exit");
      await page.getByText("The terminal has ended.").waitFor();
      await page.getByRole("link", { name: "Terminals of vm100", exact: true }).click();
      await page.getByRole("link", { name: "New terminal" }).waitFor();
      await page.goto(`${rig.product.ready.url}/app/hosts/vm100/terminals/t-01arz3ndektsv4rrffq69g5fav`);
      await page.getByText("There is no terminal.").waitFor();
      await page.getByText(/There is no such terminal/).waitFor();
    }));
});
