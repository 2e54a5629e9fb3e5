// The relay.toml that the first start writes: short, commented, valid as it is.
import { access, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { declaration, type ModelPlace } from "../model-places.ts";
import { vmDeclaration, type VmPlace } from "../vm-places.ts";

export interface StarterOptions {
  /** A valid host name. */
  readonly name: string;
  /** Lets `command.exec` run any program. */
  readonly allowExec: boolean;
  /** Model servers to declare; asked for only when the file is written. */
  readonly modelServers?: () => Promise<readonly ModelPlace[]>;
  /** The libvirt to declare; asked for likewise. */
  readonly libvirt?: () => Promise<VmPlace | null>;
  /** Another system than this one, for tests. */
  readonly system?: NodeJS.Platform;
}

/** What is there on every system of its kind. */
const sample =
  process.platform === "win32"
    ? `[commands.ping]
description = "Is another machine reachable from here?"
argv = ["ping", "-n", "2", "{address}"]
[commands.ping.inputs.address]
type = "string"
pattern = "[A-Za-z0-9][A-Za-z0-9.:-]*"   # always anchored; keep a leading dash out: it would be read as an option
default = "127.0.0.1"
`
    : `[commands.disk]
description = "How full the file system of a directory is"
argv = ["df", "-h", "{path}"]
[commands.disk.inputs.path]
type = "string"
pattern = "/.*"                  # always anchored; keep a leading dash out: it would be read as an option
default = "/"
`;

const WITHOUT_MODELS = `# Model servers and other services on this machine that may be reached through it (docs/models.md, docs/services.md).
# [services.ollama]
# kind = "ollama"                  # ollama, lmstudio, openai (anything with its interface), http
# url = "http://127.0.0.1:11434"
# manage = false                   # true: whoever may, pulls and deletes models
`;

const withModels = (
  places: readonly ModelPlace[],
) => `# Model servers that were found here when this file was written. Remove one, and nobody reaches it through this machine.
${places.map(declaration).join("\n")}`;

const WITHOUT_LIBVIRT = `# Virtual machines of this machine's libvirt (docs/kvm.md). Without the table nobody sees or changes them.
# [libvirt]
# domain_type = "kvm"              # or "qemu": software emulation
# [libvirt.storage.default]        # a storage class: disks are made, changed and deleted in these folders only
# path = "/var/lib/libvirt/images"
# [libvirt.networks.default]       # one of: network (of libvirt), bridge (of this machine), user = true (QEMU's own NAT)
# network = "default"
# [libvirt.images.debian]          # a disk to copy, or an .iso for the drive
# path = "/var/lib/libvirt/images/debian-12-generic-amd64.qcow2"
# os_family = "linux"
`;

const withLibvirt = (
  place: VmPlace,
) => `# Virtual machines of this machine's libvirt, which answered when this file was written (docs/kvm.md). Remove the tables, and nobody
# sees or changes them through this machine.
${vmDeclaration(place)}# [libvirt.images.debian]          # a disk to copy, or an .iso for the drive
# path = "/var/lib/libvirt/images/debian-12-generic-amd64.qcow2"
# os_family = "linux"
`;

/** Which switches and folders are meant only a person knows: it is shown, never declared. */
const WITHOUT_HYPERV = `# Virtual machines of this machine's Hyper-V (docs/hyperv.md). Without the table nobody sees or changes them.
# [hyperv]
# [hyperv.storage.default]         # a storage class: disks are made, changed and deleted in these folders only
# path = 'D:\\VMs'
# [hyperv.networks.lan]
# switch = "LAN"                   # a virtual switch (Get-VMSwitch); vlan = 20: the one of adapters that say none
# [hyperv.images.debian]           # a disk to copy (.vhdx, .vhd), or an .iso for the drive
# path = 'D:\\Images\\debian-12.vhdx'
# os_family = "linux"
`;

interface Found {
  readonly models: readonly ModelPlace[];
  readonly libvirt: VmPlace | null;
}

function starterText({ name, allowExec, system = process.platform }: StarterOptions, { models, libvirt }: Found): string {
  return `# What this host lets others do. The host has the last word: nothing runs here that this file does not allow.
# Every key: docs/relay.md. An unknown key is refused, so a typing error never goes unnoticed.

name = ${JSON.stringify(name)}
labels = []                      # words of your own, beside what the relay finds (linux, x64, docker, ...)
slots = 8                        # jobs at once

# Without this table, "host.*" and what is declared below are allowed.
# [allow]
# operations = ["host.*", "command.run"]

# Any program with any arguments, by whoever the edge lets in. Off unless you turn it on.
[command]
exec = ${allowExec}

# Commands with a name: fixed programs; {input} fills a whole argument.
[commands.hostname]
description = "The name of this machine"
argv = ["hostname"]

${sample}
${models.length > 0 ? withModels(models) : WITHOUT_MODELS}
${libvirt ? withLibvirt(libvirt) : system === "win32" ? WITHOUT_HYPERV : WITHOUT_LIBVIRT}
# Interactive shells, with the rights of the relay's user (docs/terminals.md; needs tmux).
# [terminal]
# enabled = true

# [commands.restart]
# argv = ["systemctl", "restart", "{unit}"]
# timeout_ms = 30000
# lock = "systemd"                 # two commands with one lock never run at once
# [commands.restart.inputs.unit]   # type: string, integer, boolean, choice; pattern, minimum, maximum, choices, secret, default
# type = "string"
# pattern = "[a-z0-9-]+\\\\.service"

# [commands.set-password]          # secrets go in by standard input or environment, never as an argument
# argv = ["/usr/local/sbin/set-password", "{user}"]
# stdin = "{password}\\n"
# [commands.set-password.inputs]
# user = { type = "string", pattern = "[a-z][a-z0-9]*" }
# password = { type = "string", secret = true }
`;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** Writes the file and the directories above it. False, and nothing written, when there is one already. */
export async function writeStarterConfig(path: string, options: StarterOptions): Promise<boolean> {
  if (await exists(path)) return false;
  const [models = [], libvirt = null] = await Promise.all([options.modelServers?.(), options.libvirt?.()]);
  const text = starterText(options, { models, libvirt });
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
