// One look at what [hyperv] of relay.toml names: PowerShell, the host agent, Hyper-V, storage classes, networks, images. One start
// of the agent asks for all of it and changes nothing. For `farhand doctor`; a running relay looks by its driver.
import { stat } from "node:fs/promises";
import { ERRORS } from "../protocol/errors.ts";
import type { AgentFile } from "./drivers/hyperv/bundle.ts";
import { selftest, type Selftest, type SelftestFailure, type SelftestRow } from "./drivers/hyperv/selftest.ts";
import type { HypervTable } from "./drivers/hyperv/tables.ts";
import type { VmLook } from "./vm-look.ts";

/** Windows PowerShell loads the module in seconds on a host that was just started. */
const DEADLINE_MS = 60_000;

/** What is to be done about a row that failed, for people at this host. */
export function remedyOf({ name, code }: Pick<SelftestRow, "name" | "code">): string {
  if (code === "HYPERVISOR_ACCESS_DENIED") return ERRORS[code].remedy;
  if (name.startsWith("storage ")) return "Make the folder, give the relay's account the right to change files in it, or correct its path.";
  if (name.startsWith("network "))
    return "Make the virtual switch (New-VMSwitch), or correct its name: Get-VMSwitch lists those there are.";
  if (name.startsWith("image ")) return "Put the file there (.vhdx, .vhd or .iso), let the relay's account read it, or correct its path.";
  return code === null ? "Read the message; docs/hyperv.md says more." : ERRORS[code].remedy;
}

/** The same where there are no rows. */
export function failureRemedy({ code, isOurs }: SelftestFailure): string {
  if (code === "HYPERVISOR_UNAVAILABLE")
    return isOurs
      ? "Correct powershell under [hyperv] or leave it out, and install the relay again where its agent is missing (docs/hyperv.md)."
      : "Install the Hyper-V role with its PowerShell module on this machine (docs/hyperv.md).";
  if (code === "AGENT_PROTOCOL")
    return "PowerShell did not run the agent: a policy for scripts (Group Policy, App Control) is the usual reason; docs/hyperv.md.";
  return ERRORS[code].remedy;
}

const isThere = (path: string, kind: "folder" | "file") =>
  stat(path).then(
    (entry) => (kind === "folder" ? entry.isDirectory() : entry.isFile()),
    () => false,
  );

/** What the relay sees by itself, where the agent could not be asked. */
async function filesOf({ storage, images }: HypervTable): Promise<SelftestRow[]> {
  const row = async (name: string, path: string, kind: "folder" | "file"): Promise<SelftestRow> => {
    const ok = await isThere(path, kind);
    return { name, ok, code: ok ? null : "STORAGE_UNAVAILABLE", message: ok ? "" : `is no ${kind}, or not to this user`, ms: 0 };
  };
  return Promise.all([
    ...Object.entries(storage).map(([name, { path }]) => row(`storage ${name}`, path, "folder")),
    ...Object.entries(images).map(([name, { path }]) => row(`image ${name}`, path, "file")),
  ]);
}

/** Of what the file declares, the path or switch stands before what was found of it. */
function lookOf(row: SelftestRow, table: HypervTable): VmLook {
  const [kind, name = ""] = row.name.split(" ");
  const { storage, images, networks } = table;
  const declared =
    kind === "storage"
      ? storage[name]?.path
      : kind === "image"
        ? images[name]?.path
        : kind === "network"
          ? networks[name]?.switch
          : undefined;
  const said = [declared, row.message === declared ? "" : row.message].filter(Boolean).join(": ");
  if (row.ok) return { name: row.name, ok: true, detail: said || "answers" };
  return { name: row.name, ok: false, detail: row.code === null ? said : `${said} (${row.code})`, remedy: remedyOf(row) };
}

function agentLook({ powershell, digest, failure, words }: Selftest): VmLook {
  const name = "host agent";
  if (!failure) return { name, ok: true, detail: `${digest.slice(0, 19)}…, by ${powershell}` };
  const [word] = words;
  const said = [failure.message, word].filter(Boolean).join(" ").replaceAll(/\s+/g, " ").slice(0, 500);
  return { name, ok: false, detail: `${powershell}: ${said} (${failure.code})`, remedy: failureRemedy(failure) };
}

/** Never throws; takes some seconds. `file`: where the agent lies, beside this module without. */
export async function lookAtHyperv(table: HypervTable, file?: AgentFile): Promise<VmLook[]> {
  const signal = AbortSignal.timeout(2 * DEADLINE_MS);
  const report = await selftest(table, { full: false, signal, timeoutMs: DEADLINE_MS, ...(file ? { file } : {}) });
  const rows = report.failure ? await filesOf(table) : report.rows;
  return [agentLook(report), ...rows.map((row) => lookOf(row, table))];
}
