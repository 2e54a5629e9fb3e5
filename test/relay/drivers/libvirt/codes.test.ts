// Codes of errors: by libvirt's number and by this client's condition, whatever the words.
import { describe, expect, it } from "vitest";
import { VM_ERRORS } from "../../../../protocol/vm-errors.ts";
import { ERRORS } from "../../../../protocol/errors.ts";
import { codeOf } from "../../../../relay/drivers/libvirt/codes.ts";
import { errorName } from "../../../../relay/drivers/libvirt/rpc/error-names.ts";
import { LibvirtError } from "../../../../relay/drivers/libvirt/rpc/errors.ts";

const daemon = (number: number) => new LibvirtError("daemon", "Wörter in irgendeiner Sprache", { number, domain: 10 });

describe("codes", () => {
  it.each([
    [42, "VM_NOT_FOUND"],
    [55, "VM_STATE_INVALID"],
    [68, "VM_BUSY"],
    [72, "SNAPSHOT_NOT_FOUND"],
    [86, "AGENT_UNAVAILABLE"],
    [88, "HYPERVISOR_ACCESS_DENIED"],
    [90, "DISK_EXISTS"],
    [1, "HYPERVISOR_FAILED"],
    [9_999, "HYPERVISOR_FAILED"],
  ])("libvirt's %i is %s", (number, code) => {
    expect(codeOf(daemon(number))).toBe(code);
  });

  it("are in the table, each of them", () => {
    const codes = Array.from({ length: 120 }, (_, number) => codeOf(daemon(number)));
    expect(codes.filter((code) => !(code in VM_ERRORS) && !(code in ERRORS))).toEqual([]);
    expect(new Set(codes).size).toBeGreaterThan(10);
    expect(errorName(42)).toBe("NO_DOMAIN");
  });

  it.each([
    ["timeout", true, "HYPERVISOR_TIMEOUT"],
    ["timeout", false, "HYPERVISOR_UNAVAILABLE"],
    ["disconnected", true, "HYPERVISOR_TIMEOUT"],
    ["disconnected", false, "HYPERVISOR_UNAVAILABLE"],
    ["unreachable", false, "HYPERVISOR_UNAVAILABLE"],
    ["protocol", true, "HYPERVISOR_TIMEOUT"],
    ["protocol", false, "HYPERVISOR_FAILED"],
    ["busy", false, "HYPERVISOR_UNAVAILABLE"],
    ["cancelled", true, "JOB_CANCELLED"],
    ["argument", false, "VM_CONFIG_INVALID"],
  ] as const)("%s with sent %s is %s", (condition, sent, code) => {
    expect(codeOf(new LibvirtError(condition, "", { sent }))).toBe(code);
  });

  it("tell a socket that refuses from one that is not there", () => {
    const refused = new LibvirtError("unreachable", "", { cause: Object.assign(new Error(""), { code: "EACCES" }) });
    expect(codeOf(refused)).toBe("HYPERVISOR_ACCESS_DENIED");
    expect(codeOf(new LibvirtError("unreachable", "", { cause: refused }))).toBe("HYPERVISOR_ACCESS_DENIED");
    expect(codeOf(new LibvirtError("unreachable", "", { cause: Object.assign(new Error(""), { code: "ENOENT" }) }))).toBe(
      "HYPERVISOR_UNAVAILABLE",
    );
  });
});
