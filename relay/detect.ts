// What the relay finds on this machine: facts and labels for the hello, and programs for the start banner, each with what to do
// to use it. Only looks; uses nothing. Every look has a deadline, all run at once.
import { access, constants } from "node:fs/promises";
import { connect } from "node:net";
import { arch, cpus, hostname, platform, totalmem } from "node:os";
import { delimiter, join } from "node:path";
import type { HostFacts } from "../protocol/link/control.ts";
import { LIMITS } from "../protocol/limits.ts";
import { allows, type RelayConfig } from "./config.ts";
import { findHypervModule, HYPERV_MODULES, HYPERV_UNUSED } from "./hyperv-place.ts";
import { declaration, findModelServers, MODEL_PLACES, type ModelPlace } from "./model-places.ts";
import { osVersion } from "./os-version.ts";

export interface Finding {
  readonly name: string;
  readonly found: boolean;
  /** Where, and how it is used; or that it was not found. One line for people. */
  readonly detail: string;
}

export interface Detection {
  readonly facts: HostFacts;
  /** Found ones and those of relay.toml, compared without case, at most LIMITS.labels. */
  readonly labels: readonly string[];
  readonly findings: readonly Finding[];
}

/** Where to look; a test points these elsewhere. */
export interface Places {
  readonly models: readonly ModelPlace[];
  readonly dockerSockets: readonly string[];
  readonly containerdSockets: readonly string[];
  readonly libvirtSockets: readonly string[];
  readonly hypervModules: readonly string[];
  readonly tailscaledSockets: readonly string[];
  readonly path: string;
}

export const PLACES: Places = {
  models: MODEL_PLACES,
  dockerSockets: process.platform === "win32" ? ["//./pipe/docker_engine"] : ["/var/run/docker.sock"],
  containerdSockets: process.platform === "win32" ? ["//./pipe/containerd-containerd"] : ["/run/containerd/containerd.sock"],
  libvirtSockets: ["/run/libvirt/virtqemud-sock", "/run/libvirt/libvirt-sock"],
  hypervModules: HYPERV_MODULES,
  tailscaledSockets:
    process.platform === "win32" ? ["//./pipe/ProtectedPrefix/Administrators/Tailscale/tailscaled"] : ["/run/tailscale/tailscaled.sock"],
  path: process.env["PATH"] ?? "",
};

const DEADLINE_MS = 300;
const LATER = "found; this version of Farhand does not use it yet";
const CLOSED = ", not open to this user";

type Look = (signal: AbortSignal) => Promise<string | null>;

/** Does a server listen on the socket? A refusal of permission is worth telling. */
function socket(path: string): Look {
  return (signal) =>
    new Promise((resolve) => {
      const client = connect({ path });
      const end = (answer: string | null) => {
        client.destroy();
        resolve(answer);
      };
      client.once("connect", () => end(path));
      client.once("error", (error: NodeJS.ErrnoException) =>
        end(error.code === "EACCES" || error.code === "EPERM" ? `${path}${CLOSED}` : null),
      );
      signal.addEventListener("abort", () => end(null), { once: true });
    });
}

function file(path: string, mode: number): Look {
  return () =>
    access(path, mode).then(
      () => path,
      () => null,
    );
}

function program(name: string, path: string): Look {
  const looks = path
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => file(join(folder, name), constants.X_OK));
  return (signal) => first(looks, signal);
}

async function first(looks: readonly Look[], signal: AbortSignal): Promise<string | null> {
  const answers = await Promise.all(looks.map((look) => look(signal)));
  return answers.find((answer) => answer !== null) ?? null;
}

async function within(looks: readonly Look[]): Promise<string | null> {
  const stop = new AbortController();
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => {
    stop.abort();
    late.resolve(null);
  }, DEADLINE_MS);
  const answer = await Promise.race([first(looks, stop.signal), late.promise]);
  clearTimeout(timer);
  stop.abort();
  return answer;
}

function looksOf(places: Places): Record<string, Look[]> {
  return {
    Docker: places.dockerSockets.map(socket),
    containerd: places.containerdSockets.map(socket),
    libvirt: places.libvirtSockets.map(socket),
    "Hyper-V": [() => findHypervModule(places.hypervModules)],
    tmux: [program("tmux", places.path)],
    Tailscale: places.tailscaledSockets.map(socket),
  };
}

/** What relay.toml declares, or lets be used where it is found: kinds of services, `libvirt`, `hyperv`. */
export function usedKinds(config: RelayConfig): string[] {
  const declared = [
    ...Object.values(config.services).map(({ kind }) => kind),
    ...(config.libvirt ? ["libvirt"] : []),
    ...(config.hyperv ? ["hyperv"] : []),
  ];
  return allows(config, "model.use").allowed ? [...declared, ...Object.keys(PRODUCTS)] : declared;
}

const PRODUCTS = { ollama: "Ollama", lmstudio: "LM Studio" } as const;

async function modelFindings(places: readonly ModelPlace[], used: readonly string[]): Promise<Finding[]> {
  const found = await findModelServers(places, DEADLINE_MS);
  return (["ollama", "lmstudio"] as const).map((kind) => {
    const name = PRODUCTS[kind];
    const place = found.find((one) => one.kind === kind);
    if (!place) return { name, found: false, detail: "not found" };
    const where = "url" in place.address ? new URL(place.address.url).host : place.address.socket;
    if (used.includes(kind)) return { name, found: true, detail: `found and used (${where})` };
    const lines = declaration(place).trim().replaceAll("\n", "; ");
    return { name, found: true, detail: `found (${where}); to use it add these lines to relay.toml: ${lines}` };
  });
}

async function factsOf(): Promise<HostFacts> {
  return {
    hostname: hostname().slice(0, 255),
    os: platform(),
    os_version: await osVersion(),
    arch: arch(),
    cpus: cpus().length,
    memory_bytes: totalmem(),
    node_version: process.versions.node,
  };
}

const OS_LABELS: Partial<Record<NodeJS.Platform, string>> = { win32: "windows", darwin: "macos" };

function labelsOf(own: readonly string[], findings: readonly Finding[]): string[] {
  const has = (name: string) => findings.some((finding) => finding.name === name && finding.found);
  const found = ["self-hosted", OS_LABELS[platform()] ?? platform(), arch(), ...(has("Docker") ? ["docker"] : [])];
  const byLowerCase = new Map<string, string>();
  for (const label of [...own, ...found]) if (!byLowerCase.has(label.toLowerCase())) byLowerCase.set(label.toLowerCase(), label);
  return [...byLowerCase.values()].slice(0, LIMITS.labels);
}

function libvirtDetail(where: string, isUsed: boolean): string {
  if (where.endsWith(CLOSED)) return `found (${where}): add the relay's user to the group libvirt; docs/kvm.md`;
  return isUsed ? `found and used (${where})` : `found (${where}); to use it add a [libvirt] table to relay.toml: docs/kvm.md`;
}

/** What is said of a program that is there. */
function detailOf(name: string, where: string, used: readonly string[]): string {
  if (name === "tmux") return `found; terminals use it where relay.toml enables them (${where})`;
  if (name === "Hyper-V") return used.includes("hyperv") ? "found and used" : HYPERV_UNUSED;
  return name === "libvirt" ? libvirtDetail(where, used.includes("libvirt")) : `${LATER} (${where})`;
}

/**
 * Looks at this machine; never throws, takes about 300 ms at most. `labels` are those of relay.toml; `used` are {@link usedKinds},
 * for the words of the findings.
 */
export async function detect(labels: readonly string[], places: Places = PLACES, used: readonly string[] = []): Promise<Detection> {
  const looks = Object.entries(looksOf(places));
  const [facts, models, ...others] = await Promise.all([
    factsOf(),
    modelFindings(places.models, used),
    ...looks.map(async ([name, some]): Promise<Finding> => {
      const where = await within(some);
      return { name, found: where !== null, detail: where === null ? "not found" : detailOf(name, where, used) };
    }),
  ]);
  const findings = [...models, ...others];
  return { facts, labels: labelsOf(labels, findings), findings };
}
