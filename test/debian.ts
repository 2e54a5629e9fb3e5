// Debian packages that tests need: installed when this is root on Debian, else the tests that need them are skipped and named.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const isThere = (program: string) =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, program)));

/** True when the program is there, or could be installed. Safe to call from several test processes at once: apt waits for its lock. */
export function havePackage(program: string, name = program): boolean {
  if (isThere(program)) return true;
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) {
    console.warn(`skipped: ${program} is not here (Debian: apt-get install ${name})`);
    return false;
  }
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = ["-o", "DPkg::Lock::Timeout=120", "install", "-y", "--no-install-recommends", name];
  try {
    execFileSync("apt-get", install, { stdio: "ignore", env: environment, timeout: 180_000 });
  } catch {
    try {
      execFileSync("apt-get", ["-o", "DPkg::Lock::Timeout=120", "update"], { stdio: "ignore", env: environment, timeout: 120_000 });
      execFileSync("apt-get", install, { stdio: "ignore", env: environment, timeout: 180_000 });
    } catch {
      console.warn(`skipped: ${name} could not be installed`);
    }
  }
  return isThere(program);
}
