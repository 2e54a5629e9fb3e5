// A real sshd on loopback with a user of its own, and a client with ControlMaster, as the comparison. Root on Debian with
// openssh-server only; everything is removed again.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localSpawn } from "./jobs.ts";

const USER = "farhand-bench";
const PORT = 20022;

export interface SshPeer {
  run(argv: readonly string[]): Promise<void>;
  stop(): void;
}

const quiet = { stdio: "ignore" } as const;

function sshdConfig(dir: string): string {
  return [
    `Port ${PORT}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${dir}/host`,
    `PidFile ${dir}/sshd.pid`,
    `AuthorizedKeysFile ${dir}/id.pub`,
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    `AllowUsers ${USER}`,
    "MaxSessions 50",
    "",
  ].join("\n");
}

/** Null, with the reason printed, where it cannot be. */
export async function startSsh(): Promise<SshPeer | null> {
  if (process.getuid?.() !== 0 || !existsSync("/usr/sbin/sshd")) {
    console.log("ssh is not compared: it needs root and openssh-server");
    return null;
  }
  const dir = mkdtempSync(join(tmpdir(), "farhand-ssh-"));
  chmodSync(dir, 0o755);
  mkdirSync("/run/sshd", { recursive: true });
  // A home without start-up files; password `*`: none, but not locked.
  execFileSync("useradd", ["-M", "-d", dir, "-s", "/bin/sh", "-p", "*", USER], quiet);
  for (const name of ["host", "id"]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(dir, name)]);
  chownSync(join(dir, "id.pub"), 0, 0);
  writeFileSync(join(dir, "sshd.conf"), sshdConfig(dir));
  const daemon = spawn("/usr/sbin/sshd", ["-D", "-f", join(dir, "sshd.conf")], quiet);
  const options = [
    "-i",
    join(dir, "id"),
    "-p",
    String(PORT),
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
    "-o",
    "LogLevel=ERROR",
    "-o",
    "BatchMode=yes",
    "-S",
    join(dir, "control"),
  ];
  const target = `${USER}@127.0.0.1`;
  await until(() => existsSync(join(dir, "sshd.pid")));
  const master = spawn("ssh", [...options, "-M", "-N", target], quiet);
  await until(() => existsSync(join(dir, "control")));
  return { run: (argv) => localSpawn(["ssh", ...options, target, ...argv]), stop: () => stop(dir, daemon, master) };
}

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error("sshd did not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function stop(dir: string, ...children: ChildProcess[]): void {
  for (const child of children.toReversed()) child.kill("SIGTERM");
  execFileSync("sh", ["-c", `sleep 0.5; userdel -f ${USER}`], quiet);
  rmSync(dir, { recursive: true, force: true });
}
