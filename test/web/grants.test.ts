// What someone may not do is not offered, or says why.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasChromium, launch, signIn, type Seen } from "./chromium.ts";
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

/** A session of a key with these grants: a sign-in link that the key made for itself. */
async function visitingAs(grants: readonly object[], walk: (seen: Seen) => Promise<void>): Promise<void> {
  const made = await rig.product.request("POST", "/api/v1/keys", { name: "visitor", grants });
  const { key } = JSON.parse(made.body) as { key: string };
  const asKey = {
    ...rig.product,
    request: ((method, path, body) =>
      rig.product.request(method, path, body, { authorization: `Bearer ${key}` })) as typeof rig.product.request,
  };
  const seen = await signIn(browser, asKey, "phone");
  try {
    await walk(seen);
    expect(seen.faults).toEqual([]);
  } finally {
    await seen.context.close();
  }
}
const at = (path: string) => rig.product.ready.url + path;

describe.skipIf(!hasChromium)("a reader", () => {
  it("sees the host and asks it, and is offered nothing that changes", () =>
    visitingAs([{ role: "reader", hosts: ["*"] }], async ({ page }) => {
      expect(await page.getByRole("link", { name: "Add a host" }).count()).toBe(0);
      expect(await page.getByRole("link", { name: "Chat" }).count()).toBe(0);
      await page.getByRole("link", { name: /vm100/ }).click();
      await page.getByRole("img", { name: /^Memory/ }).waitFor();
      expect(await page.getByRole("button", { name: /Remove/ }).count()).toBe(0);
      await page.getByRole("link", { name: "Operations" }).click();
      await page.getByRole("link", { name: /^host\.info/ }).waitFor();
      expect(await page.getByRole("link", { name: /^command\.exec/ }).count()).toBe(0);
      await page.goto(at("/app/hosts/vm100/operations/command.exec"));
      await page.getByText("Your grants do not cover this.").waitFor();
      await page.goto(at("/app/hosts/vm100/terminals/new"));
      await page.getByText("You may watch terminals here, not open one.").waitFor();
      for (const path of ["/app/keys", "/app/keys/new", "/app/enroll", "/app/audit"]) {
        await page.goto(at(path));
        await page.getByText("For admins").waitFor();
      }
      await page.goto(at("/app/me"));
      await page.getByText("everything · on all hosts").waitFor();
    }));

  it("watches a terminal without typing", async () => {
    const writer = await signIn(browser, rig.product, "desktop", "light", "/app/hosts/vm100/terminals/new");
    try {
      await writer.page.waitForURL(/\/terminals\/t-/);
      await writer.page.locator(".xterm-helper-textarea").focus();
      await writer.page.keyboard.type("echo to-be-watched\n");
      await writer.page
        .locator(".xterm-rows")
        .getByText(/^to-be-watched/)
        .waitFor();
      await visitingAs([{ role: "reader", hosts: ["vm100"] }], async ({ page }) => {
        await page.goto(writer.page.url());
        await page
          .locator(".xterm-rows")
          .getByText(/^to-be-watched/)
          .waitFor();
        await page.getByText("read only").waitFor();
        expect(await page.getByRole("button", { name: "Take over" }).count()).toBe(0);
        await page.locator(".xterm-helper-textarea").focus();
        await page.keyboard.type("echo intruder\n");
        await writer.page.keyboard.type("echo still-alone\n");
        await page
          .locator(".xterm-rows")
          .getByText(/^still-alone/)
          .waitFor();
        expect(await page.locator(".xterm-rows").textContent()).not.toContain("intruder");
      });
    } finally {
      await writer.context.close();
    }
  });
});

describe.skipIf(!hasChromium)("someone of models only", () => {
  it("is offered the models of the grant, and no terminal", () =>
    visitingAs([{ role: "operator", hosts: ["*"], operations: ["model.use", "model.list"], models: ["scripted-8b"] }], async ({ page }) => {
      expect(await page.getByRole("link", { name: "Terminals", exact: true }).count()).toBe(0);
      await page.getByRole("link", { name: "Chat" }).click();
      await page.getByLabel("Model").locator("option", { hasText: "scripted-8b" }).waitFor({ state: "attached" });
      expect(await page.getByLabel("Model").locator("option").allTextContents()).not.toContain("scripted-70b");
      await page.getByLabel("Message", { exact: true }).fill("hello");
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText("Hello there.").waitFor();
    }));
});

describe.skipIf(!hasChromium)("someone without a host", () => {
  it("is told what to do", () =>
    visitingAs([{ role: "operator", hosts: ["elsewhere"] }], async ({ page }) => {
      await page.getByText("No hosts yet").waitFor();
      await page.getByText(/An admin can give you a grant/).waitFor();
    }));
});
