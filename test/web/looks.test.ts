// How every screen looks: nothing cut off, targets for thumbs, nothing that axe-core calls serious; light and dark, phone and desktop.
// Screenshots go to test-output/web, to be looked at.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { axeFindings, DEVICES, expectFitting, hasChromium, launch, screenshot, signIn, type Device, type Scheme } from "./chromium.ts";
import { startRig, type Rig } from "./rig.ts";

let rig: Rig;
let browser: Browser;
let failedJob = "";
let doneJob = "";

async function job(body: object): Promise<string> {
  return (JSON.parse((await rig.product.request("POST", "/api/v1/hosts/vm100/jobs", body, { prefer: "wait=20" })).body) as { id: string })
    .id;
}

beforeAll(async () => {
  if (!hasChromium) return;
  [rig, browser] = await Promise.all([startRig(), launch()]);
  failedJob = await job({ operation: "command.run", resource_spec: { name: "colours" } });
  doneJob = await job({ operation: "command.exec", resource_spec: { argv: ["/bin/sh", "-c", "seq 1 400"] } });
  await rig.product.request("POST", "/api/v1/keys", {
    name: "ci of the shop",
    grants: [{ role: "operator", hosts: ["*"], operations: ["command.run"] }],
  });
});
afterAll(async () => {
  await browser?.close();
  await rig?.stop();
});

const SCREENS: readonly (readonly [name: string, path: () => string, ready: string])[] = [
  ["hosts", () => "/app/", "text=vm100"],
  ["host", () => "/app/hosts/vm100", "role=img[name=/Network: .*s/]"],
  ["operations", () => "/app/hosts/vm100/operations", "text=command.exec"],
  ["services", () => "/app/hosts/vm100/services", "text=scripted-8b"],
  ["host-terminals", () => "/app/hosts/vm100/terminals", "text=New terminal"],
  ["host-jobs", () => "/app/hosts/vm100/jobs", "a.row"],
  ["run", () => "/app/hosts/vm100/operations/command.run?name=configure", "text=token"],
  ["exec", () => "/app/hosts/vm100/operations/command.exec", "text=Program"],
  ["fallback-form", () => "/app/hosts/vm100/operations/terminal.create", "text=Title"],
  ["processes", () => "/app/hosts/vm100/operations/host.processes", "text=Sort by"],
  ["jobs", () => "/app/jobs", "a.row"],
  ["job-failed", () => `/app/jobs/${failedJob}`, "text=failing"],
  ["job", () => `/app/jobs/${doneJob}`, "text=succeeded"],
  ["new-chat", () => "/app/chat", "text=Ask something"],
  ["terminals", () => "/app/terminals", "text=New terminal"],
  ["more", () => "/app/more", "text=Interface"],
  ["keys", () => "/app/keys", "text=ci of the shop"],
  ["key-new", () => "/app/keys/new", "text=What it may do"],
  ["enroll", () => "/app/enroll", "text=Make a code"],
  ["audit", () => "/app/audit", "text=session.create"],
  ["usage", () => "/app/usage", "h1"],
  ["me", () => "/app/me", "text=Principal"],
  ["nowhere", () => "/app/nowhere", "text=There is no such page."],
];
const LOOKS = (Object.keys(DEVICES) as Device[]).flatMap((device) =>
  (["light", "dark"] as Scheme[]).map((scheme) => [device, scheme] as const),
);

describe.skipIf(!hasChromium).each(LOOKS)("on a %s, %s,", (device, scheme) => {
  it("every screen fits, can be used by all, and asks nothing of elsewhere", async () => {
    const { page, context, faults } = await signIn(browser, rig.product, device, scheme);
    const wrong: string[] = [];
    for (const [name, path, ready] of SCREENS) {
      await page.goto(rig.product.ready.url + path());
      await page.locator(ready).first().waitFor();
      await screenshot(page, `${device}-${scheme}-${name}`);
      for (const finding of await axeFindings(page)) wrong.push(`${name}: ${finding}`);
      await expectFitting(page, device).catch((error: Error) => wrong.push(`${name}: ${error.message}`));
    }
    expect(wrong).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });

  it("a question, a conversation, a terminal and the offline banner do too", async () => {
    const { page, context } = await signIn(browser, rig.product, device, scheme);
    const wrong: string[] = [];
    const look = async (name: string) => {
      await screenshot(page, `${device}-${scheme}-${name}`);
      for (const finding of await axeFindings(page)) wrong.push(`${name}: ${finding}`);
      await expectFitting(page, device).catch((error: Error) => wrong.push(`${name}: ${error.message}`));
    };
    await page.goto(`${rig.product.ready.url}/app/hosts/vm100/operations/command.exec`);
    await page.getByLabel("Program").fill("/bin/true");
    await page.getByRole("button", { name: "Run…" }).click();
    await page.getByRole("dialog").waitFor();
    await look("dialog");
    await page.goto(`${rig.product.ready.url}/app/hosts/vm100/operations/command.run?name=configure`);
    await page.getByLabel("level").fill("99");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.locator(".field-error").first().waitFor();
    await look("field-errors");
    await page.goto(`${rig.product.ready.url}/app/enroll`);
    await page.getByLabel("Name of the host").fill(`${device}-${scheme}`);
    await page.getByRole("button", { name: "Make a code" }).click();
    await page.getByText("The code alone").waitFor();
    await look("enroll-code");
    await page.goto(`${rig.product.ready.url}/app/hosts/vm100/operations/host.processes`);
    await page.getByRole("button", { name: "Ask" }).click();
    await page.getByRole("table").waitFor();
    await look("processes-answer");
    rig.model.script = {
      pieces: [
        "Here is a **list**:\n\n",
        "- one\n- `two`\n\n",
        "```js\nconst answer = 42;\n```\n\n",
        "> quoted\n\nand [a link](https://example.com).",
      ],
      pauseMs: 40,
      end: "done",
    };
    await page.goto(`${rig.product.ready.url}/app/chat/new`);
    await page
      .getByLabel("Message", { exact: true })
      .fill("Show me what you can do, and take a few words for it, so that this line is longer than a phone is wide.");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText(/tokens\/s/).waitFor();
    await look("conversation");
    await page.goto(`${rig.product.ready.url}/app/chat`);
    await page.getByRole("link", { name: /^Show me/ }).waitFor();
    await look("conversations");
    await page.goto(`${rig.product.ready.url}/app/hosts/vm100/terminals/new`);
    await page.waitForURL(/\/terminals\/t-/);
    await page.locator(".xterm-helper-textarea").focus();
    await page.keyboard.type("ls --color=always /; echo looked-at\n");
    await page
      .locator(".xterm-rows")
      .getByText(/^looked-at/)
      .waitFor();
    await look("terminal");
    await page.goto(`${rig.product.ready.url}/app/`);
    await page.getByRole("link", { name: /vm100/ }).waitFor();
    await context.setOffline(true);
    await page.getByText(/No connection/).waitFor();
    await page.getByRole("link", { name: "Jobs", exact: true }).click();
    await page.getByText("Offline", { exact: true }).waitFor();
    await look("offline");
    expect(wrong).toEqual([]);
    await context.close();
  });
});

describe.skipIf(!hasChromium)("axe-core", () => {
  it("finds what is wrong when something is", async () => {
    const { page, context } = await signIn(browser, rig.product, "desktop");
    await page.evaluate(() => document.querySelector("main")!.append(document.createElement("button")));
    expect((await axeFindings(page)).join()).toContain("button-name");
    await context.close();
  });
});
