// The pages and the description of the interface: complete, self-contained, strict.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { buildOpenApi } from "../../../protocol/openapi.ts";
import { ROUTES, type Route, type RouteName } from "../../../protocol/api/routes.ts";
import { ERRORS } from "../../../protocol/errors.ts";
import { OPERATIONS } from "../../../protocol/operations/index.ts";
import { Edge } from "./edge.ts";

const edge = new Edge();
type Tree = Record<string, unknown>;
interface Description {
  openapi: string;
  paths: Record<string, Record<string, Tree & { parameters: { name: string; in: string }[] }>>;
  components: { schemas: Tree };
  "x-errors": Tree;
}

describe("openapi.json", () => {
  it("is the one that protocol/openapi.ts builds: `node scripts/generate.ts` writes it", async () => {
    const { body } = await edge.get("/openapi.json");
    expect(body).toEqual(JSON.parse(JSON.stringify(buildOpenApi())));
  });

  it("has every route with its parameters, every operation and every error", async () => {
    const description = (await edge.get("/openapi.json")).body as unknown as Description;
    expect(description.openapi).toBe("3.1.0");
    for (const [name, route] of Object.entries(ROUTES) as [RouteName, Route][]) {
      const method = route.method === "ALL" ? "get" : route.method.toLowerCase();
      const described = description.paths[route.path.replace("*}", "}")]?.[method];
      expect(described, name).toMatchObject({ operationId: route.method === "ALL" ? `${name}_get` : name, summary: route.summary });
      for (const [, parameter] of route.path.matchAll(/\{(\w+)\}/g))
        expect(described!.parameters, name).toContainEqual(expect.objectContaining({ name: parameter, in: "path", required: true }));
      expect(described!["requestBody"] !== undefined, name).toBe(route.body !== undefined);
      if (route.body) expect(JSON.stringify(described!["requestBody"]), `${name}: an example`).toContain('"example"');
      expect(described!["security"], name).toHaveLength(route.rule.who === "public" ? 0 : 4);
    }
    for (const operation of Object.keys(OPERATIONS))
      expect(Object.keys(description.components.schemas)).toContain(`${operation}.resource_spec`);
    expect(Object.keys(description["x-errors"])).toEqual(Object.keys(ERRORS));
  });
});

describe("the examples", () => {
  it("are valid bodies", () => {
    const { paths } = buildOpenApi() as unknown as Description;
    for (const [name, route] of Object.entries(ROUTES) as [RouteName, Route][]) {
      if (!route.body || name === "linkEnroll") continue;
      const body = paths[route.path]![route.method.toLowerCase()]!["requestBody"] as { content: Record<string, { example: unknown }> };
      expect(route.body.safeParse(body.content["application/json"]!.example).error, name).toBeUndefined();
    }
  });
});

describe("operations", () => {
  it("are described with their schemas", async () => {
    const { body } = await edge.get("/api/v1/operations");
    expect(body.items!.map((item) => item["name"])).toEqual(Object.keys(OPERATIONS));
    const one = await edge.get("/api/v1/operations/command.exec");
    expect(one.body).toMatchObject({
      risk: "destructive",
      idempotent: false,
      resource_spec: { type: "object", properties: { env: { secret: true } }, required: ["argv"] },
      rules: [{ name: "program-named", pointer: "/argv/0" }],
    });
    expect(await edge.get("/api/v1/operations/constructor")).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  });
});

describe("a page", () => {
  it.each(["/docs", "/sign-in"])("%s runs one script of this origin and one style sheet, and nothing else", async (path) => {
    const { status, headers, text: html } = await edge.get(path);
    expect(status).toBe(200);
    const policy = headers.get("content-security-policy")!;
    expect(policy).toContain("default-src 'none'; script-src 'self'; ");
    const styles = [...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, style]) =>
      createHash("sha256").update(style!).digest("base64"),
    );
    expect(styles).toHaveLength(1);
    expect(policy).toContain(`style-src 'sha256-${styles[0]}'`);
    expect(html.match(/<script[^>]*>/g)).toEqual([`<script src="${path}.js" defer>`]);
    expect(html).not.toMatch(/ (style|on\w+)=/);
    expect(html).not.toMatch(/https?:\/\//);
    expect(html).toContain('name="viewport" content="width=device-width, initial-scale=1"');
    const script = await edge.get(`${path}.js`);
    expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(script.text).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|eval\(|https?:\/\//);
  });

  it("takes the sign-in code out of the address before it is used", async () => {
    const script = (await edge.get("/sign-in.js", { key: null })).text;
    expect(script.indexOf("history.replaceState")).toBeGreaterThan(0);
    expect(script.indexOf("history.replaceState")).toBeLessThan(script.lastIndexOf("signIn(code)"));
    expect((await edge.get("/docs", { key: null })).status).toBe(401);
  });

  it("opened by a browser without a session is the one to sign in on; programs get a problem", async () => {
    const accept = "text/html,application/xhtml+xml,*/*;q=0.8";
    for (const key of [null, "fh_wrong"]) {
      const shown = await edge.get("/docs", { key, headers: { accept } });
      expect(shown.status).toBe(401);
      expect(shown.headers.get("www-authenticate")).toBe("Bearer");
      expect(shown.text).toContain('src="/sign-in.js"');
    }
    const data = await edge.get("/api/v1/me", { key: null, headers: { accept } });
    expect(data).toMatchObject({ status: 401, body: { code: "CREDENTIAL_MISSING" } });
    expect(await edge.get("/docs", { key: null })).toMatchObject({ status: 401, body: { code: "CREDENTIAL_MISSING" } });
  });
});
