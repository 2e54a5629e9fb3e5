// The app's files over the wire: only after authentication, with a strict policy, each under its type, nothing from outside the build.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { read, sources } from "../conventions/sources.ts";
import { startProduct, type Product } from "../product.ts";

const DIST = join(import.meta.dirname, "../../dist/web");
let product: Product;
beforeAll(async () => {
  product = await startProduct('name = "files"\n', ["--no-relay"]);
});
afterAll(() => product.stop());

const HTML = { accept: "text/html,*/*;q=0.8" };
const get = (path: string, headers: Record<string, string> = {}, isKnown = true) =>
  fetch(product.ready.url + path, {
    redirect: "manual",
    headers: { ...(isKnown ? { authorization: `Bearer ${product.ready.api_key}` } : {}), ...headers },
  });
const assets = () =>
  [...readFileSync(join(DIST, "index.html"), "utf8").matchAll(/(?:src|href)="(\/app\/assets\/[^"]+)"/g)].map(([, path]) => path!);

describe("a person without a session", () => {
  it.each(["/", "/app", "/app/", "/app/jobs?status=failed", "/app/hosts/a.b"])("gets the page to sign in on at %s", async (path) => {
    const answer = await get(path, HTML, false);
    expect(answer.status).toBe(401);
    expect(await answer.text()).toContain('src="/sign-in.js"');
  });

  it("gets no file", async () => {
    for (const path of [...assets(), "/app/icon.svg", "/app/app.webmanifest"]) {
      const answer = await get(path, {}, false);
      expect(answer.status, path).toBe(401);
      expect((await answer.text()).length).toBeLessThan(1_000);
    }
  });
});

describe("the way to the app", () => {
  it("leads a browser there, and tells a program where the interface is", async () => {
    for (const path of ["/", "/app"]) {
      const answer = await get(path, HTML);
      expect([answer.status, answer.headers.get("location")], path).toEqual([302, "/app/"]);
    }
    const line = await get("/");
    expect(line.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await line.text()).toMatch(/^Farhand .*\/openapi\.json\.\n$/);
  });
});

describe("the page", () => {
  it.each(["/app/", "/app/jobs/01J", "/app/hosts/vm.100", "/app/no/such/screen"])("is answered at %s and never kept", async (path) => {
    const answer = await get(path, HTML);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await answer.text()).toBe(readFileSync(join(DIST, "index.html"), "utf8"));
  });

  it("has a policy without anything inline or from elsewhere, and keeps to it", async () => {
    const answer = await get("/app/", HTML);
    const policy = answer.headers.get("content-security-policy")!;
    expect(policy.split("; ")).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ]),
    );
    expect(policy).not.toMatch(/unsafe|https?:|\*|nonce|sha256/);
    const html = await answer.text();
    expect(html).not.toMatch(/<style|<script(?![^>]* src=)| style=| on\w+=|https?:\/\//);
  });
});

describe("a file", () => {
  it("under a hashed name is kept by the browser alone, and typed", async () => {
    const paths = assets();
    expect(paths.length).toBeGreaterThanOrEqual(2);
    for (const path of paths) {
      const answer = await get(path);
      expect(answer.status, path).toBe(200);
      expect(answer.headers.get("cache-control")).toBe("private, max-age=31536000, immutable");
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect(answer.headers.get("content-type")).toBe(path.endsWith(".js") ? "text/javascript; charset=utf-8" : "text/css; charset=utf-8");
      expect(await answer.text()).toBe(readFileSync(join(DIST, path.slice("/app/".length)), "utf8"));
    }
    expect((await get("/app/icon.svg")).headers.get("content-type")).toBe("image/svg+xml");
    expect((await get("/app/app.webmanifest")).headers.get("content-type")).toBe("application/manifest+json");
  });

  it.each([
    "/app/none.js",
    "/app/assets/main-AAAAAAAA.js",
    "/app/index.html",
    "/app/assets/",
    "/app/..%2fconfig.capnp",
    "/app/assets/..%2f..%2fconfig.capnp",
    "/app/%2e%2e/worker.mjs",
    "/app/.env",
    "/app/assets/.hidden.js",
    "/app/a.b/c.js",
  ])("that the build did not make is not there: %s", async (path) => {
    const answer = await get(path, HTML);
    const text = await answer.text();
    // A folder's address is a screen's as far as the server knows; it never lists the folder.
    if (path.endsWith("/")) expect(text).toBe(readFileSync(join(DIST, "index.html"), "utf8"));
    else expect([404, 401]).toContain(answer.status);
    expect(text).not.toContain("capnp");
  });

  it("is made by scripts/build.ts, and the first load fits 80 KiB gzipped", () => {
    const bytes = assets().reduce(
      (sum, path) => sum + gzipSync(readFileSync(join(DIST, path.slice("/app/".length))), { level: 9 }).length,
      0,
    );
    expect(bytes).toBeLessThan(80 * 1024);
  });

  it("never turns text into markup or code, and brings no schemas", () => {
    const own = sources.filter((path) => path.startsWith("web/"));
    expect(own.length).toBeGreaterThan(40);
    const wrong = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|https?:\/\/(?!\$)/;
    expect(own.filter((path) => wrong.test(read(path)))).toEqual([]);
    const built = readdirSync(join(DIST, "assets")).filter((name) => name.endsWith(".js"));
    expect(built.filter((name) => readFileSync(join(DIST, "assets", name), "utf8").includes("ZodError"))).toEqual([]);
  });
});
