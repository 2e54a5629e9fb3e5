// Chat as a person has it: asked, answered in Markdown as it is written, stopped, broken off, refused, kept in the browser.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { DEVICES, hasChromium, launch, screenshot, signIn, type Device, type Seen } from "./chromium.ts";
import { startRig, type Rig } from "./rig.ts";

const MARKDOWN =
  "# Plan\n\nUse **bold** and `code`:\n\n1. first\n2. second\n\n```sh\nfarhand run vm100 host.info\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<script>alert(1)</script><img src=x onerror=alert(2)>\n\n[link](https://example.com) [bad](javascript:alert(3)) ![pixel](https://example.com/p.png)\n";
const pieces = (text: string) => text.match(/[\s\S]{1,7}/g)!;

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
afterEach(() => {
  if (rig) rig.model.script = { pieces: ["Hello", " there."], pauseMs: 5, end: "done" };
});

async function chatting(device: Device, walk: (seen: Seen) => Promise<void>): Promise<void> {
  const seen = await signIn(browser, rig.product, device, "light", "/app/chat");
  try {
    await seen.page.getByLabel("Model").selectOption("scripted-8b");
    await walk(seen);
    expect(seen.faults).toEqual([]);
  } finally {
    await seen.context.close();
  }
}
async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

describe.skipIf(!hasChromium).each(Object.keys(DEVICES) as Device[])("on a %s", (device) => {
  it("an answer is written as it comes, in Markdown that is only text", () =>
    chatting(device, async ({ page, faults }) => {
      rig.model.script = { pieces: pieces(MARKDOWN), pauseMs: 10, end: "done" };
      await say(page, "What is the plan?");
      await page.getByRole("button", { name: "Stop" }).waitFor();
      await page.getByRole("heading", { name: "Plan" }).waitFor();
      await page.getByText(/tokens\/s · \d+ tokens · first after/).waitFor();
      await page.getByText("The answer is complete.").waitFor({ state: "attached" });
      const answer = page.locator(".message.theirs");
      expect(await answer.locator("ol > li").count()).toBe(2);
      expect(await answer.locator("pre code").textContent()).toBe("farhand run vm100 host.info");
      expect(await answer.locator("script, img, iframe").count()).toBe(0);
      expect(await answer.textContent()).toContain("<script>alert(1)</script>");
      expect(await answer.locator("a").evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href))).toEqual([
        "https://example.com/",
        "https://example.com/p.png",
      ]);
      expect(await page.getByText("on vm100").count()).toBeGreaterThan(0);
      await screenshot(page, `${device}-chat`);
      expect(faults).toEqual([]);
    }));

  it("the whole conversation is told to the model, and kept in the browser", () =>
    chatting(device, async ({ page }) => {
      await say(page, "first");
      await page.getByText("Hello there.").waitFor();
      await page.getByRole("button", { name: "Send" }).waitFor();
      await say(page, "second");
      await page.getByText("Hello there.").nth(1).waitFor();
      expect(rig.model.asked.at(-1)!.messages.map(({ role, content }) => [role, content])).toEqual([
        ["user", "first"],
        ["assistant", "Hello there."],
        ["user", "second"],
      ]);
      await page.getByText("The answer is complete.").waitFor({ state: "attached" });
      await page.reload();
      await page.getByText("second").waitFor();
      expect(await page.getByText("Hello there.").count()).toBe(2);
      if (device === "phone") await page.getByRole("link", { name: /^Up to/ }).click();
      await page.getByRole("link", { name: "New chat" }).click();
      await page.getByText("Ask something").waitFor();
      await say(page, "another one");
      await page.getByText("Hello there.").waitFor();
      if (device === "phone") await page.getByRole("link", { name: /^Up to/ }).click();
      await page.getByRole("link", { name: /^first/ }).click();
      await page.getByText("second").waitFor();
      await page.getByRole("button", { name: "Delete this conversation" }).click();
      await page.getByRole("button", { name: "Delete", exact: true }).click();
      await page.getByRole("link", { name: /^another one/ }).waitFor();
      expect(await page.getByRole("link", { name: /^first/ }).count()).toBe(0);
    }));

  it("stop ends the model's work, keeps what was written, and one can ask again", () =>
    chatting(device, async ({ page }) => {
      const before = rig.model.aborted;
      rig.model.script = { pieces: Array.from({ length: 500 }, (_, index) => `w${index} `), pauseMs: 30, end: "done" };
      await say(page, "count");
      await page.getByText("w3").waitFor();
      await page.getByRole("button", { name: "Stop" }).click();
      await page.getByText("Stopped.").waitFor();
      await expect.poll(() => rig.model.aborted, { timeout: 5_000 }).toBe(before + 1);
      rig.model.script = { pieces: ["again it is"], pauseMs: 5, end: "done" };
      await page.getByRole("button", { name: "Again" }).click();
      await page.getByText("again it is").waitFor();
      expect(await page.getByText("w3").count()).toBe(0);
    }));

  it("an answer that breaks off or is refused says so and what to do", () =>
    chatting(device, async ({ page }) => {
      rig.model.script = { pieces: ["half an "], pauseMs: 5, end: "cut" };
      await say(page, "break");
      await page.getByText("The answer broke off.").waitFor();
      await page.getByText("half an").waitFor();
      rig.model.script = { pieces: [], pauseMs: 0, end: "done", refuse: { status: 500, message: "the model ran out of memory" } };
      await page.getByRole("button", { name: "Again" }).click();
      await page.getByRole("alert").getByText("the model ran out of memory").waitFor();
      await page.getByRole("button", { name: "Again" }).waitFor();
    }));
});

describe.skipIf(!hasChromium)("several answers", () => {
  it("are written at once, also while another screen is shown", () =>
    chatting("desktop", async ({ page }) => {
      rig.model.script = { pieces: Array.from({ length: 40 }, (_, index) => `a${index} `), pauseMs: 50, end: "done" };
      await say(page, "one");
      await page.getByText("a1 ").waitFor();
      await page.getByRole("link", { name: "New chat" }).click();
      await say(page, "two");
      await page.getByText("a1 ").waitFor();
      await page.getByRole("link", { name: "Jobs" }).click();
      await page.getByRole("heading", { name: "Jobs" }).waitFor();
      await page.getByRole("link", { name: "Chat" }).click();
      for (const title of ["one", "two"]) {
        await page.getByRole("link", { name: new RegExp(`^${title}`) }).click();
        await page.getByText("a39").waitFor();
      }
    }));
});
