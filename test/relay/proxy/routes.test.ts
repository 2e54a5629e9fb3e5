// Route lists without a relay: what matches, and that nothing ambiguous does.
import { describe, expect, it } from "vitest";
import { MODEL_ROUTES } from "../../../relay/proxy/model-routes.ts";
import { parseRoute, RouteList } from "../../../relay/proxy/routes.ts";

const list = new RouteList(["GET /", "GET /a/*/c", "POST /b/**", "GET /caf%C3%A9", "WS /live"]);

describe("a route list", () => {
  it.each([
    ["GET", "/"],
    ["GET", "/?q=/../x"],
    ["HEAD", "/a/b/c"],
    ["GET", "/a/%62/c"],
    ["GET", "/%61/b/c"],
    ["POST", "/b/"],
    ["POST", "/b/x/y/"],
    ["GET", "/caf%C3%A9"],
    ["GET", "/caf%c3%a9?x"],
    ["WS", "/live"],
  ])("opens %s %s", (method, path) => expect(list.allows(method, path)).toBe(true));

  it.each([
    ["GET", "//"],
    ["POST", "/"],
    ["GET", "/a/b/c/"],
    ["GET", "/a//c"],
    ["GET", "/a/b/c/d"],
    ["POST", "/b"],
    ["POST", "/b/../a"],
    ["POST", "/b/%2e%2e/a"],
    ["POST", "/b/.%2E/a"],
    ["POST", "/b/x%2fy"],
    ["POST", "/b/x%5Cy"],
    ["POST", "/b/x\\y"],
    ["POST", "/b/%252e%252e/a"],
    ["POST", "/b/..;x/a"],
    ["POST", "/b/%c3"],
    ["POST", "/b/%0a"],
    ["POST", "/b//x"],
    ["POST", "/b/x#y"],
    ["GET", "/A/b/c"],
    ["GET", "/live"],
    ["POST", "/live"],
    ["WS", "/"],
  ])("keeps %s %s closed", (method, path) => expect(list.allows(method, path)).toBe(false));

  it("of each kind of model server holds valid patterns only", () => {
    for (const { inference, management } of Object.values(MODEL_ROUTES))
      for (const pattern of [...inference, ...management]) expect(parseRoute(pattern), pattern).not.toHaveProperty("error");
  });
});
