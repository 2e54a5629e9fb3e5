// Addresses mean one screen each, and every screen has one.
import { describe, expect, it } from "vitest";
import { pathTo, placeOf, type ScreenName } from "../../web/routes.ts";

describe("an address", () => {
  it.each<[ScreenName, Record<string, string>]>([
    ["hosts", {}],
    ["host", { host: "vm.100" }],
    ["run", { host: "a b/ü", operation: "command.run" }],
    ["terminal", { host: "vm100", terminal: "t-01" }],
    ["job", { id: "01J" }],
    ["keyNew", {}],
    ["vmNew", {}],
    ["vm", { host: "kvm1", vm: "0b7c2f7e" }],
    ["vmConsole", { host: "kvm1", vm: "0b7c2f7e", console: "screen" }],
    ["conversation", { id: "new" }],
  ])("of %s leads back to it", (screen, params) => {
    const [pathname, search = ""] = pathTo(screen, params, { status: "failed", host: "" }).split("?");
    const place = placeOf(pathname!, search);
    expect(place.screen).toBe(screen);
    expect(place.params).toEqual(params);
    expect([...place.query]).toEqual([["status", "failed"]]);
  });

  it("of nothing is said to be nothing", () => {
    for (const path of ["/app/nothing", "/app/jobs/1/2", "/docs", "/app/hosts/%E0%A4%A", "/application/"])
      expect(placeOf(path, "").screen, path).toBeNull();
  });

  it("is the same with and without a slash at its end", () => {
    expect(placeOf("/app", "").screen).toBe("hosts");
    expect(placeOf("/app/jobs/", "").screen).toBe("jobs");
  });

  it("prefers a fixed word to a name", () => {
    expect(placeOf("/app/keys/new", "").screen).toBe("keyNew");
  });
});
