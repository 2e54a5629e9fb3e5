// The rules of routes by themselves: what the path alone decides, without a request.
import { describe, expect, it } from "vitest";
import { ROUTES, type Route } from "../../../protocol/api/routes.ts";
import { findOperation } from "../../../protocol/operations/index.ts";
import { AccessState } from "../../../worker/auth/access-state.ts";
import type { Caller } from "../../../worker/auth/authenticate.ts";
import { authorise } from "../../../worker/auth/authorize.ts";
import type { AccessSnapshot } from "../../../worker/fleet/contract.ts";

const host = { number: 1, id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", name: "kvm", labels: [] };
const state = new AccessState({ version: 1, keys: [], sessions: [], grants: [], hosts: [host], nextHost: 2 } as unknown as AccessSnapshot);
const caller = (role: string, ...operations: string[]) =>
  ({ principal: "key:x", grantSets: [[{ role, hosts: ["kvm"], operations }]] }) as unknown as Caller;
const enter = (who: Caller, operation: string) => authorise({ who: "operation", operation }, who, state, { host: "kvm" }, "POST").kind;

describe("a rule that names an operation", () => {
  it("takes the role of its risk, on that operation", () => {
    expect(enter(caller("operator", "vm.console"), "vm.console")).toBe("host");
    for (const who of [caller("reader", "*"), caller("operator", "vm.list", "terminal.*"), caller("admin", "vm.consol")])
      expect(() => enter(who, "vm.console")).toThrow(expect.objectContaining({ code: "FORBIDDEN" }));
  });

  it("that there is not lets nobody in", () => {
    expect(() => enter(caller("admin", "*"), "vm.consoles")).toThrow(expect.objectContaining({ code: "FORBIDDEN" }));
  });

  it("names one of the registry, on every route", () => {
    const named = Object.values(ROUTES as Record<string, Route>).flatMap(({ rule }) =>
      rule.who === "operation" && rule.operation !== undefined ? [rule.operation] : [],
    );
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((name) => findOperation(name) === null || findOperation(name) === undefined)).toEqual([]);
  });
});
