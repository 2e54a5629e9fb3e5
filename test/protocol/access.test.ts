// What grants allow: roles include the lower ones, hosts by name, id or edge labels, operations by pattern, nothing else.
import { describe, expect, it } from "vitest";
import { allowsFleet, allowsOperation, patternsOn, roleForRisk, type AccessGrant } from "../../protocol/access.ts";
import { isSupportedVersion, versionRefusal } from "../../protocol/version.ts";

const host = { id: "01JD0000000000000000000000", name: "vm100", labels: ["Linux", "gpu"] };
const grant = (more: Partial<AccessGrant>): AccessGrant => ({ role: "operator", hosts: ["vm100"], operations: ["*"], ...more });

describe("grants", () => {
  it.each<[string, AccessGrant, boolean]>([
    ["a host by name", grant({}), true],
    ["a host by name in another case", grant({ hosts: ["VM100"] }), true],
    ["a host by id", grant({ hosts: [host.id] }), true],
    ["all hosts", grant({ hosts: ["*"] }), true],
    ["another host", grant({ hosts: ["vm101"] }), false],
    ["all of the labels", { role: "operator", labels: ["linux", "GPU"], operations: ["*"] }, true],
    ["one label that it lacks", { role: "operator", labels: ["linux", "windows"], operations: ["*"] }, false],
    ["no labels at all", { role: "operator", labels: [], operations: ["*"] }, false],
    ["a noun", grant({ operations: ["command.*"] }), true],
    ["another noun", grant({ operations: ["vm.*"] }), false],
    ["a lower role", grant({ role: "reader" }), false],
    ["a higher role", grant({ role: "admin" }), true],
  ])("%s", (_name, given, allowed) => {
    expect(allowsOperation([given], host, "operator", "command.run")).toBe(allowed);
  });

  it("add up, and never take away", () => {
    const list = [grant({ role: "reader" }), grant({ operations: ["vm.*"] })];
    expect(allowsOperation(list, host, "reader", "command.run")).toBe(true);
    expect(allowsOperation(list, host, "operator", "command.run")).toBe(false);
    expect(patternsOn(list, host, "reader")).toEqual(["*", "vm.*"]);
  });

  it("administer the fleet only over all hosts and all operations", () => {
    expect(allowsFleet([grant({ role: "admin", hosts: ["*"] })], "admin")).toBe(true);
    expect(allowsFleet([grant({ role: "admin", hosts: ["*"], operations: ["vm.*"] })], "admin")).toBe(false);
    expect(allowsFleet([grant({ role: "admin" })], "admin")).toBe(false);
    expect(allowsFleet([grant({ role: "operator", hosts: ["*"] })], "admin")).toBe(false);
  });

  it("need the operator's role for anything that changes", () => {
    expect([roleForRisk("read"), roleForRisk("change"), roleForRisk("destructive")]).toEqual(["reader", "operator", "operator"]);
  });
});

describe("versions", () => {
  it.each([
    [3, 3, true],
    [2, 3, true],
    [1, 3, false],
    [4, 3, false],
    [0, 1, false],
  ])("a relay of %i and an edge of %i: %s", (theirs, ours, talk) => {
    expect(isSupportedVersion(theirs, ours)).toBe(talk);
  });

  it("say which side to update", () => {
    expect(versionRefusal(4, 3)).toContain("Update the edge");
    expect(versionRefusal(1, 3)).toContain("Update the relay");
  });
});
