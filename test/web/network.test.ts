// A connection that is lost, slow or comes back, and an edge that restarts: said while it lasts, healed by itself, nothing lost.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProduct, type Product } from "../product.ts";
import { hasChromium, launch, screenshot, signIn, type Seen } from "./chromium.ts";
import { startRig, type Rig } from "./rig.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

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

async function visiting(path: string, walk: (seen: Seen) => Promise<void>, product: Product = rig.product): Promise<void> {
  const seen = await signIn(browser, product, "phone", "light", path);
  try {
    await walk(seen);
    expect(seen.faults).toEqual([]);
  } finally {
    await seen.context.close();
  }
}
const lost = (seen: Seen) => seen.page.getByText(/No connection/);

/** Chromium's own throttle: milliseconds of latency, bytes a second. */
async function throttle({ context, page }: Seen, latency: number, throughput: number): Promise<void> {
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency,
    downloadThroughput: throughput,
    uploadThroughput: throughput,
  });
}

describe.skipIf(!hasChromium)("offline", () => {
  it("is said, what is known stays, and it heals by itself", () =>
    visiting("/app/hosts/vm100", async (seen) => {
      const { page, context } = seen;
      await page.getByText("Debian", { exact: false }).first().waitFor();
      await context.setOffline(true);
      await lost(seen).waitFor();
      await page.getByText("Debian", { exact: false }).first().waitFor();
      await page.getByRole("link", { name: "Jobs", exact: true }).first().click();
      await page.getByText("Offline", { exact: true }).waitFor();
      await screenshot(page, "phone-offline");
      await context.setOffline(false);
      await lost(seen).waitFor({ state: "detached" });
      await page.getByText("Offline", { exact: true }).waitFor({ state: "detached" });
      await page.getByLabel("Status").waitFor();
      await page.locator("a.row, .state.empty").first().waitFor();
    }));

  it("a screen that was never loaded says so and comes when the connection does", () =>
    visiting("/app/", async ({ page, context }) => {
      await page.getByRole("link", { name: /vm100/ }).waitFor();
      await context.setOffline(true);
      await page.getByRole("link", { name: "Chat" }).click();
      await page.getByRole("button", { name: /Try/ }).first().waitFor();
      await context.setOffline(false);
      await page.getByLabel("Model").waitFor();
    }));

  it("a change that was not answered is not repeated by itself, and by hand it happens once", () =>
    visiting("/app/hosts/vm100/operations/command.run?name=greet", async ({ page, context }) => {
      const who = `once${"abcdefgh".slice(0, 1 + Math.floor(Math.random() * 8))}`;
      await page.getByLabel("who").fill(who);
      await context.setOffline(true);
      await page.getByRole("button", { name: "Run", exact: true }).click();
      await page.getByRole("alert").getByText("Offline").waitFor();
      await context.setOffline(false);
      await page.getByText(/No connection/).waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Run", exact: true }).click();
      await page.getByText(`hello ${who}`).waitFor();
      const { items } = JSON.parse((await rig.product.request("GET", "/api/v1/jobs?host=vm100&limit=200")).body) as {
        items: { id: string }[];
      };
      const jobs = await Promise.all(items.map(async ({ id }) => (await rig.product.request("GET", `/api/v1/jobs/${id}`)).body));
      expect(jobs.filter((job) => job.includes(`"${who}"`))).toHaveLength(1);
    }));

  it("a job that is followed goes on, without a gap or a repeat", () =>
    visiting("/app/hosts/vm100/operations/command.run?name=count", async (seen) => {
      const { page, context } = seen;
      await page.getByRole("button", { name: "Run", exact: true }).click();
      const log = page.getByRole("log", { name: "Output" });
      await log.getByText("line 3").waitFor();
      await context.setOffline(true);
      await lost(seen)
        .or(page.getByText(/Connection lost; the job goes on/))
        .first()
        .waitFor();
      await context.setOffline(false);
      await page.locator(".badge", { hasText: "succeeded" }).waitFor({ timeout: 30_000 });
      expect(await log.locator("pre").allTextContents()).toEqual([
        Array.from({ length: 20 }, (_, index) => `line ${index + 1}\n`).join(""),
      ]);
    }));
});

describe.skipIf(!hasChromium)("a stream of events that breaks", () => {
  it("is continued after the last event that was whole", () =>
    visiting("/app/", async ({ page }) => {
      const script = "for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.1; done";
      const body = { operation: "command.exec", resource_spec: { argv: ["/bin/sh", "-c", script] } };
      const { id } = JSON.parse((await rig.product.request("POST", "/api/v1/hosts/vm100/jobs", body, { prefer: "wait=20" })).body) as {
        id: string;
      };
      const whole = (await rig.product.request("GET", `/api/v1/jobs/${id}/events`, undefined, { accept: "text/event-stream" })).body;
      const asked: (string | null)[] = [];
      await page.route("**/events", async (route) => {
        const after = (await route.request().allHeaders())["last-event-id"] ?? null;
        asked.push(after);
        const rest = after === null ? whole : whole.slice(whole.indexOf("\n\n", whole.indexOf(`id: ${after}\n`)) + 2);
        // A third of what is left, whatever that cuts through; at the third time all of it.
        await route.fulfill({
          contentType: "text/event-stream",
          body: asked.length < 3 ? rest.slice(0, Math.ceil(rest.length / 3)) : rest,
        });
      });
      await page.goto(`${rig.product.ready.url}/app/jobs/${id}`);
      const log = page.getByRole("log", { name: "Output" });
      await log.getByText("line 8").waitFor();
      expect(await log.locator("pre").allTextContents()).toEqual([Array.from({ length: 8 }, (_, index) => `line ${index + 1}\n`).join("")]);
      expect(asked).toHaveLength(3);
      expect(asked[0]).toBeNull();
      expect(Number(asked[2])).toBeGreaterThan(Number(asked[1]));
    }));
});

describe.skipIf(!hasChromium)("a slow network", () => {
  it("shows that it loads, then what was asked for", () =>
    visiting("/app/", async (seen) => {
      const { page } = seen;
      await throttle(seen, 600, 20 * 1024);
      await page.getByRole("link", { name: /vm100/ }).click();
      await page.getByText("Loading…").waitFor();
      await page.getByText("Debian", { exact: false }).first().waitFor();
      await page.getByRole("link", { name: "Chat" }).click();
      await page.getByText("Loading…").waitFor();
      await page.getByLabel("Model").waitFor();
      expect(await lost(seen).count()).toBe(0);
    }));

  it("opens the app on a bad mobile network within its first load", () =>
    visiting("/app/", async (seen) => {
      // 400 kbit/s: the whole first load is about a second of it.
      await throttle(seen, 200, 50 * 1024);
      await seen.page.reload({ waitUntil: "commit" });
      await seen.page.getByRole("link", { name: /vm100/ }).waitFor();
    }));
});

describe.skipIf(!hasChromium)("an edge that restarts", () => {
  it("is waited for; the session and the screen are still there", async () => {
    const dir = await mkdtemp(join(tmpdir(), "farhand-web-"));
    let product = await startProduct('name = "again"\n', [], dir);
    try {
      const port = new URL(product.ready.url).port;
      await visiting(
        "/app/",
        async (seen) => {
          await seen.page.getByRole("link", { name: /again/ }).waitFor();
          await product.stop();
          await lost(seen).waitFor();
          product = await startProduct('name = "again"\n', ["--port", port], dir);
          await lost(seen).waitFor({ state: "detached" });
          await seen.page.getByRole("link", { name: /again.*online/ }).waitFor();
        },
        product,
      );
    } finally {
      await product.stop();
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe.skipIf(!hasChromium)("a session that ends", () => {
  it("is said, and signing in leads back", () =>
    visiting("/app/jobs", async ({ page, context }) => {
      await page.getByLabel("Status").waitFor();
      await context.clearCookies();
      await page.getByText("Your session has ended.").waitFor();
      await page.getByRole("button", { name: "Sign in" }).click();
      const { code } = JSON.parse((await rig.product.request("POST", "/api/v1/sign-in-codes")).body) as { code: string };
      await page.getByLabel("One-time code").fill(code);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("heading", { name: "Jobs" }).waitFor();
      expect(new URL(page.url()).pathname).toBe("/app/jobs");
    }));
});
