// Each screen's main path as a person walks it, on a phone and on a wide screen, against the real edge and relay.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEVICES, hasChromium, launch, signIn, type Device, type Seen } from "./chromium.ts";
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

/** Runs in a browser of its own; the page may show no fault. */
async function visiting(device: Device, path: string, walk: (seen: Seen) => Promise<void>): Promise<void> {
  const seen = await signIn(browser, rig.product, device, "light", path);
  try {
    await walk(seen);
    expect(seen.faults).toEqual([]);
  } finally {
    await seen.context.close();
  }
}

describe.skipIf(!hasChromium).each(Object.keys(DEVICES) as Device[])("on a %s", (device) => {
  it("a host is found, looked at and asked", () =>
    visiting(device, "/app/", async ({ page }) => {
      await page.getByRole("link", { name: /vm100/ }).click();
      await page.getByText("Processors", { exact: true }).first().waitFor();
      await page.getByRole("img", { name: /^Memory: .* of / }).waitFor();
      await page.getByRole("link", { name: "Operations" }).click();
      await page.getByRole("link", { name: /^host\.processes/ }).click();
      await page.getByLabel("Sort by").selectOption("cpu");
      await page.getByLabel("How many").fill("999");
      await page.getByRole("button", { name: "Ask" }).click();
      await page
        .getByText(/<=\s*200|at most 200|200/)
        .and(page.locator(".field-error"))
        .waitFor();
      await page.getByLabel("How many").fill("5");
      await page.getByRole("button", { name: "Ask" }).click();
      await page.getByRole("region", { name: "Answer" }).or(page.locator("section[aria-label=Answer]")).getByRole("row").nth(5).waitFor();
      expect(await page.locator("section[aria-label=Answer] tbody tr").count()).toBe(5);
      await page.goBack();
      await page.getByRole("heading", { name: "vm100" }).waitFor();
      expect(new URL(page.url()).pathname).toBe("/app/hosts/vm100/operations");
    }));

  it("a declared command is filled in, refused beside its field, and run", () =>
    visiting(device, "/app/hosts/vm100/operations", async ({ page }) => {
      await page.getByRole("link", { name: /^greet/ }).click();
      await page.getByLabel("who").fill("EVERYONE");
      await page.getByRole("button", { name: "Run", exact: true }).click();
      const wrong = page.locator(".field.wrong", { hasText: "who" });
      await wrong.getByText("must match [a-z]+").waitFor();
      expect(await page.getByLabel("who").getAttribute("aria-invalid")).toBe("true");
      await page.getByLabel("who").fill("everyone");
      await page.getByRole("button", { name: "Run", exact: true }).click();
      await page.getByText("hello everyone").waitFor();
      await page.locator(".badge", { hasText: "succeeded" }).waitFor();
    }));

  it("every kind of input arrives as its type, and a secret is shown nowhere", () =>
    visiting(device, "/app/hosts/vm100/operations/command.run?name=configure", async ({ page }) => {
      const canary = `canary-${crypto.randomUUID()}`;
      await page.getByLabel("unit").selectOption("db.service");
      await page.getByLabel("level").fill("7");
      await page.getByLabel("force").check();
      await page.getByLabel("token").fill(canary);
      await page.getByRole("button", { name: "Run", exact: true }).click();
      await page.getByText("db.service 7 true").waitFor();
      expect(await page.content()).not.toContain(canary);
      await page.getByRole("link", { name: "Run again…" }).click();
      await page.getByLabel("level").and(page.locator("input")).waitFor();
      expect(await page.getByLabel("level").inputValue()).toBe("7");
      expect(await page.getByLabel("token").inputValue()).toBe("");
    }));

  it("what is destructive asks with its exact parameters, and not doing it is the easy way", () =>
    visiting(device, "/app/hosts/vm100/operations/command.exec", async ({ page }) => {
      await page.getByLabel("Program").fill("/bin/echo");
      await page.getByLabel("Arguments").fill("one two\n$(three)");
      await page.getByRole("button", { name: "Run…" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.waitFor();
      expect(JSON.parse((await dialog.locator("pre").textContent())!)).toEqual({ argv: ["/bin/echo", "one two", "$(three)"] });
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Do not run");
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "hidden" });
      await page.getByRole("button", { name: "Run…" }).click();
      await page.getByRole("button", { name: "Run it" }).click();
      await page.getByText("one two $(three)").waitFor();
    }));

  it("a failed job says why; its output has colours and no markup, and can be taken away", () =>
    visiting(device, "/app/hosts/vm100/operations/command.run?name=colours", async ({ page }) => {
      await page.getByRole("button", { name: "Run", exact: true }).click();
      await page.locator(".badge", { hasText: "failed" }).waitFor();
      await page.getByText("COMMAND_FAILED").waitFor();
      const log = page.getByRole("log", { name: "Output" });
      await log.getByText("<b>no markup</b>").waitFor();
      expect(await log.locator(".c1").textContent()).toBe("red");
      expect(await log.locator(".c2.bold").textContent()).toBe("green");
      expect(await log.locator("b").count()).toBe(0);
      expect(await log.locator(".stderr").textContent()).toContain("failing");
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /Download stdout/ }).click()]);
      const chunks: Buffer[] = [];
      for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).toString()).toContain("\x1b[31mred\x1b[0m");
    }));

  it("a job is followed live and cancelled", () =>
    visiting(device, "/app/hosts/vm100/operations/command.run?name=count", async ({ page }) => {
      await page.getByRole("button", { name: "Run", exact: true }).click();
      const log = page.getByRole("log", { name: "Output" });
      await log.getByText("line 2").waitFor();
      await page.locator(".badge", { hasText: "running" }).waitFor();
      await page.getByRole("button", { name: "Cancel the job" }).click();
      await page.locator(".badge", { hasText: "cancelled" }).waitFor();
      expect(await log.textContent()).not.toContain("line 20");
    }));

  it("jobs are filtered in the address, come by themselves, and deep links and the back button work", () =>
    visiting(device, "/app/jobs", async ({ page }) => {
      const run = (body: object) => rig.product.request("POST", "/api/v1/hosts/vm100/jobs", body, { prefer: "wait=20" });
      await run({ operation: "command.run", resource_spec: { name: "colours" } });
      await page.getByLabel("Status").selectOption("failed");
      await page.waitForURL("**/app/jobs?status=failed");
      await page
        .getByRole("link", { name: /command\.run/ })
        .first()
        .waitFor();
      const before = await page.getByRole("link", { name: /command\.run/ }).count();
      await run({ operation: "command.run", resource_spec: { name: "colours" } });
      await page.waitForFunction((count) => document.querySelectorAll("a.row").length > count, before);
      await page.reload();
      expect(await page.getByLabel("Status").inputValue()).toBe("failed");
      await page
        .getByRole("link", { name: /command\.run/ })
        .first()
        .click();
      await page.getByText("COMMAND_FAILED").waitFor();
      await page.goBack();
      await page.waitForURL("**/app/jobs?status=failed");
      await page.getByLabel("Status").selectOption("expired");
      await page.getByText("No job is like that").waitFor();
      await page.getByRole("button", { name: "Show all" }).click();
      await page.waitForURL((url) => url.pathname === "/app/jobs" && url.search === "");
    }));

  it("services and models of a host are listed, with the way to chat", () =>
    visiting(device, "/app/hosts/vm100/services", async ({ page }) => {
      await page.getByText("scripted-8b").waitFor();
      await page.getByText("GET /health").waitFor();
      await page.getByRole("link", { name: "Chat with scripted-8b" }).click();
      await page.getByLabel("Model").waitFor();
      expect(await page.getByLabel("Model").inputValue()).toBe("scripted-8b@vm100");
    }));

  it("a key is made with its limits, shown once, works, and is revoked", () =>
    visiting(device, "/app/keys", async ({ page, context }) => {
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      const name = `chat of ${device}`;
      await page.getByRole("link", { name: "New key" }).click();
      await page.getByRole("button", { name: "Make the key" }).click();
      await page.locator(".field.wrong", { hasText: "Name" }).waitFor();
      await page.getByLabel("Name").fill(name);
      await page.getByLabel("Models").fill("scripted-8b");
      await page.getByLabel("OpenAI").check();
      await page.getByRole("button", { name: "Make the key" }).click();
      const secret = (await page.getByLabel("the key", { exact: true }).textContent())!;
      expect(secret).toMatch(/^fh_/);
      await page.getByRole("button", { name: "Copy the key" }).click();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);
      const models = await fetch(`${rig.product.ready.url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } });
      expect(((await models.json()) as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual(["scripted-8b"]);
      await page.getByRole("link", { name: "Done" }).click();
      await page.getByRole("button", { name: `Revoke ${name}` }).click();
      await page.getByRole("button", { name: "Revoke", exact: true }).click();
      await page.getByText(name).waitFor({ state: "detached" });
      expect(await page.content()).not.toContain(secret);
    }));

  it("a host is enrolled with a code to copy", () =>
    visiting(device, "/app/enroll", async ({ page }) => {
      await page.getByLabel("Name of the host").fill("-bad-");
      await page.getByRole("button", { name: "Make a code" }).click();
      await page.locator(".field.wrong", { hasText: "Name" }).waitFor();
      await page.getByLabel("Name of the host").fill(`new-${device}`);
      await page.getByRole("button", { name: "Make a code" }).click();
      const code = (await page.getByLabel("the enrolment code", { exact: true }).textContent())!;
      const command = (await page.getByLabel("the command to enrol", { exact: true }).textContent())!;
      expect(command).toContain(`enroll ${rig.product.ready.url} ${code}`);
      await page.getByText(`Waiting for new-${device}…`).waitFor();
    }));

  it("the audit log tells what was done, and who one is can be read and ended", () =>
    visiting(device, device === "phone" ? "/app/more" : "/app/", async ({ page }) => {
      await page.getByRole("link", { name: "Audit log" }).click();
      await page.getByText("session.create").first().click();
      await page.getByText("Subject").first().waitFor();
      if (device === "phone") await page.getByRole("link", { name: "More" }).click();
      await page.getByRole("link", { name: "Who am I" }).click();
      await page.getByText("key:admin").first().waitFor();
      await page.getByRole("button", { name: "Make a link" }).click();
      const link = (await page.getByLabel("the sign-in link").first().textContent())!;
      expect(link).toMatch(/\/sign-in#/);
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByText("One-time code").waitFor();
      await page.goto(`${rig.product.ready.url}/app/jobs`);
      await page.getByText("One-time code").waitFor();
      await page.getByLabel("One-time code").fill(link.split("#")[1]!);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("heading", { name: "Jobs" }).waitFor();
      expect(new URL(page.url()).pathname).toBe("/app/jobs");
    }));

  it("a sign-in link works where the sign-in page is shown already", () =>
    visiting(device, "/app/", async ({ page }) => {
      const { path } = JSON.parse((await rig.product.request("POST", "/api/v1/sign-in-codes")).body) as { path: string };
      await page.context().clearCookies();
      await page.goto(`${rig.product.ready.url}/sign-in`);
      await page.getByText("One-time code").waitFor();
      await page.goto(`${rig.product.ready.url}${path}`);
      await page.getByRole("heading", { name: "Hosts" }).waitFor();
    }));

  it("an address without a screen says so", () =>
    visiting(device, "/app/no/such/screen", async ({ page }) => {
      await page.getByText("There is no such page.").waitFor();
      await page.goto(`${rig.product.ready.url}/app/hosts/nobody`);
      await page.getByText("There is no such host.").waitFor();
      await page.goto(`${rig.product.ready.url}/app/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV`);
      await page.getByText("There is no such job.").waitFor();
    }));
});
