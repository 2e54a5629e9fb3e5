// The configuration that workerd runs the Worker with: the same bindings as wrangler.toml, state on this machine's disk.
import { copyFileSync, cpSync, rmSync, writeFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import { EDGE_SOCKET, type DataPaths } from "./data-directory.ts";
import { SEAL_KEY_VARIABLE } from "./seal-key-variable.ts";

/** From wrangler.toml, at build time (scripts/build.ts). */
declare const __COMPATIBILITY__: { readonly date: string; readonly flags: readonly string[] };

/** Fewer idle bytes: no helper threads for collection, a small young generation. */
const V8_FLAGS = ["--single-threaded-gc", "--max-semi-space-size=2"];

export interface EdgeSettings {
  /** Lower-case hex SHA-256. */
  readonly adminKeyHash: string;
  /** The address listened on, and the one that people use. */
  readonly host: string;
  readonly publicUrl: string | null;
}

/** A Cap'n Proto text literal: bytes outside printable ASCII as \xNN. */
function quote(text: string): string {
  const bytes = [...Buffer.from(text, "utf8")];
  const escaped = bytes.map((byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return `"${escaped.join("")}"`;
}

/** Hostnames that this edge answers to, as a Host header spells them; any other is refused by the Worker. */
export function surfaces({ host, publicUrl }: Pick<EdgeSettings, "host" | "publicUrl">): string {
  const spelled = host.includes(":") ? `[${host}]` : host.toLowerCase();
  const names = new Set(["127.0.0.1", "localhost", "[::1]", ...(isAnyAddress(host) ? ownNames() : [spelled])]);
  if (publicUrl) names.add(new URL(publicUrl).hostname);
  return JSON.stringify(Object.fromEntries([...names].map((name) => [name, ["app", "api", "link"]])));
}

/** This machine's name and addresses at this moment. Link-local ones need a zone, which a Host header has not. */
function ownNames(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const usable = all.filter(({ address }) => !address.startsWith("fe80:"));
  return [hostname().toLowerCase(), ...usable.map(({ address, family }) => (family === "IPv6" ? `[${address}]` : address))];
}

export const isAnyAddress = (host: string) => host === "0.0.0.0" || host === "::";

function configText(settings: EdgeSettings, compatibility: typeof __COMPATIBILITY__): string {
  const text = {
    EMBEDDED: "on",
    API_KEYS: "allow",
    ADMIN_KEY_HASH: settings.adminKeyHash,
    SURFACES: surfaces(settings),
    ...(settings.publicUrl === null ? {} : { PUBLIC_URL: settings.publicUrl }),
  };
  const bindings = [
    ...Object.entries(text).map(([name, value]) => `(name = ${quote(name)}, text = ${quote(value)})`),
    `(name = "SEAL_KEY", fromEnvironment = ${quote(SEAL_KEY_VARIABLE)})`,
    `(name = "ASSETS", service = "web")`,
    `(name = "FLEET", durableObjectNamespace = "FleetDO")`,
    `(name = "HOST", durableObjectNamespace = "HostDO")`,
    `(name = "LANE", durableObjectNamespace = "LaneDO")`,
  ];
  return `# Written by farhand start. workerd listens for the parent and the relay of this machine alone.
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .mainWorker), (name = "disk", disk = (path = "state", writable = true)),
    (name = "web", disk = (path = "web", writable = false)) ],
  sockets = [ (name = "http", address = ${quote(`unix:${EDGE_SOCKET}`)}, http = (), service = "main") ],
  v8Flags = [ ${V8_FLAGS.map(quote).join(", ")} ] );
const mainWorker :Workerd.Worker = (
  modules = [ (name = "worker", esModule = embed "worker.mjs") ],
  compatibilityDate = ${quote(compatibility.date)}, compatibilityFlags = [ ${compatibility.flags.map(quote).join(", ")} ],
  bindings = [ ${bindings.join(",\n    ")} ],
  durableObjectNamespaces = [
    (className = "FleetDO", uniqueKey = "farhand-fleet", enableSql = true),
    (className = "HostDO", uniqueKey = "farhand-host", enableSql = true),
    (className = "LaneDO", uniqueKey = "farhand-lane") ],
  durableObjectStorage = (localDisk = "disk") );
`;
}

/** Writes configuration, Worker and web app beside the state. The copy stays what this start runs, whatever is built meanwhile. */
export function writeEdgeConfig(paths: DataPaths, settings: EdgeSettings, worker: string): void {
  copyFileSync(worker, join(paths.edge, "worker.mjs"));
  rmSync(join(paths.edge, "web"), { recursive: true, force: true });
  cpSync(join(dirname(worker), "web"), join(paths.edge, "web"), { recursive: true });
  writeFileSync(paths.edgeConfig, configText(settings, __COMPATIBILITY__), { mode: 0o600 });
}
