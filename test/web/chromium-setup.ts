// Debian's Chromium for the browser tests: installed where that is possible without asking, otherwise they are skipped by name.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { CHROMIUM } from "./chromium.ts";

const INSTALL_MS = 10 * 60_000;

export function setup(): void {
  if (existsSync(CHROMIUM)) return;
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) {
    process.stderr.write(`browser tests are skipped: ${CHROMIUM} is missing (apt-get install chromium)\n`);
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args: string[]) => spawnSync("apt-get", args, { env, stdio: "ignore", timeout: INSTALL_MS }).status === 0;
  const install = () => apt("install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core");
  if (!install() && !(apt("update") && install())) process.stderr.write("browser tests are skipped: chromium could not be installed\n");
}
