// The suite of every driver, on that of Hyper-V with a scripted agent. The suite of every hypervisor is in contract.test.ts.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { testDriver } from "../contract.ts";
import type { FakeScript } from "./fake-agent.ts";
import { asQuoted } from "./host.ts";
import { changed, RESOURCES, vm, VM } from "./views.ts";

const folder = mkdtempSync(join(tmpdir(), "farhand-hyperv-contract-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const script: FakeScript = {
  answers: {
    ...RESOURCES,
    "vm.get": { data: vm() },
    "vm.start": changed(VM, { state: "running" }),
    "vm.update": changed(VM),
    "vm.create": changed(VM),
    "vm.rename": changed(VM),
  },
};
const powershell = join(folder, "powershell");
mkdirSync(join(folder, "disks"));
writeFileSync(join(folder, "script.json"), JSON.stringify(script));
const agent = [process.execPath, join(import.meta.dirname, "fake-agent.ts"), folder].map(asQuoted).join(" ");
writeFileSync(powershell, `#!/bin/sh\nexec ${agent} "$@"\n`);
chmodSync(powershell, 0o755);

testDriver({
  name: "hyperv",
  config: `[hyperv]\npowershell = '${powershell}'\n[hyperv.storage.default]\npath = '${join(folder, "disks")}'\n`,
  succeeds: {
    "vm.list": [{}],
    "vm.get": [{ vm: VM }],
    "vm.create": [{ name: "new", cpus: 1, memory_bytes: 1024 ** 3 }],
    "vm.update": [{ vm: VM, cpus: 4 }],
    "vm.rename": [{ vm: VM, name: "other" }],
    "vm.start": [{ vm: VM }],
    "storage.list": [{}],
  },
  refuses: [
    { operation: "vm.resume", spec: { vm: VM }, code: "VM_STATE_INVALID" },
    { operation: "vm.console", spec: { vm: VM }, code: "CONSOLE_UNSUPPORTED" },
    { operation: "vm.stats", spec: { vm: VM }, code: "OPERATION_UNKNOWN" },
  ],
});
