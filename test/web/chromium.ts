// Debian's Chromium, driven by playwright-core: contexts as people have them, the app signed in, what a test looks at afterwards.
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { expect } from "vitest";
import type { Product } from "../product.ts";

export const CHROMIUM = "/usr/bin/chromium";
export const hasChromium = existsSync(CHROMIUM);
const OUTPUT = join(import.meta.dirname, "../../test-output/web");
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

export type Device = "phone" | "desktop";
export type Scheme = "light" | "dark";
export const DEVICES = {
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  desktop: { viewport: { width: 1280, height: 800 }, hasTouch: false, isMobile: false },
} as const;

/** As root, which Debian's tests often are, Chromium's sandbox cannot be set up. */
export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });

export interface Seen {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of the page: exceptions, refusals of the policy, requests to elsewhere. */
  readonly faults: string[];
}

/** What a browser says by itself of an answer that the test wants: no fault of the page. */
const EXPECTED = /Failed to load resource|net::ERR_|WebSocket connection to/;

function watchFaults(page: Page, origin: string): string[] {
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !EXPECTED.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (/^(https?|wss?):$/.test(url.protocol) && url.host !== new URL(origin).host) faults.push(`request to ${url.host}`);
  });
  return faults;
}

/** A person's browser, signed in by a link of its own. */
export async function signIn(browser: Browser, product: Product, device: Device, scheme: Scheme = "light", path = "/app/"): Promise<Seen> {
  const context = await browser.newContext({ ...DEVICES[device], colorScheme: scheme, reducedMotion: "reduce", locale: "en-GB" });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const faults = watchFaults(page, product.ready.url);
  const { code } = JSON.parse((await product.request("POST", "/api/v1/sign-in-codes")).body) as { code: string };
  await page.goto(`${product.ready.url}/sign-in#${code}`);
  await page.waitForURL("**/app/");
  await page.getByRole("heading", { name: "Hosts", exact: true }).waitFor();
  if (path !== "/app/") await page.goto(product.ready.url + path);
  return { context, page, faults };
}

export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(OUTPUT, { recursive: true });
  await page.screenshot({ path: join(OUTPUT, `${name}.png`) });
}

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: unknown; readonly failureSummary?: string }[];
}

/** Serious and critical findings of axe-core, as text; none is what a screen wants. */
export async function axeFindings(page: Page): Promise<string[]> {
  // By the debugger's way, which the page's policy does not concern.
  await page.evaluate(await readAxe());
  const violations = await page.evaluate<Finding[]>("axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations)");
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ target, failureSummary }) => `${JSON.stringify(target)} ${failureSummary ?? ""}`).join(" | ")}`,
    );
}

let axe: Promise<string> | null = null;
const readAxe = () => (axe ??= import("node:fs/promises").then(({ readFile }) => readFile(AXE, "utf8")));

/** Nothing is cut off at the side, and what a thumb must hit is large enough. */
export async function expectFitting(page: Page, device: Device): Promise<void> {
  const { wide, small } = await page.evaluate((isPhone) => {
    const shown = (node: Element) => {
      const box = node.getBoundingClientRect();
      return box.width > 1 && box.height > 1 && getComputedStyle(node).visibility === "visible" ? box : null;
    };
    const targets = [...document.querySelectorAll("button, .button, input, select, textarea, summary, nav a, a.row")];
    const tooSmall = targets.filter((node) => {
      if (node.closest(".xterm")) return false;
      const label = node.matches("input[type=checkbox]") ? node.closest("label") : null;
      const box = shown(label ?? node);
      return box !== null && (box.height < 43.5 || box.width < 43.5);
    });
    return {
      wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      small: isPhone ? tooSmall.map((node) => `${node.tagName} ${node.className} ${(node.textContent ?? "").slice(0, 40)}`) : [],
    };
  }, device === "phone");
  expect(wide, "wider than the screen").toBeLessThanOrEqual(0);
  expect(small, "smaller than 44 px").toEqual([]);
}
