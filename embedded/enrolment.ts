// This machine's own relay: its relay.toml, its enrolment at the edge that starts with it, and whether it came online.
import { hostname } from "node:os";
import type { Host } from "../protocol/api/shapes.ts";
import { ConfigError, loadConfig, writeStarterConfig, type RelayConfig } from "../relay/config.ts";
import { findModelServers } from "../relay/model-places.ts";
import { enroll, readState, StateError } from "../relay/state.ts";
import { findLibvirt } from "../relay/vm-places.ts";
import type { DataPaths } from "./data-directory.ts";
import { pause, type EdgeClient } from "./edge-client.ts";
import { refusal, StartFailure } from "./failure.ts";
import type { StartOptions } from "./options.ts";

const ONLINE_MS = 30_000;
const TOLD_MS = 3_000;
const STEP_MS = 20;

export interface PreparedRelay {
  readonly config: RelayConfig;
  readonly stateDir: string;
}

/** This machine's name as a host may be called. */
function ownName(): string {
  const name = hostname()
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .slice(0, 63)
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
  return name === "" ? "this-machine" : name;
}

/** Makes the starter relay.toml unless one is named or there; refuses one that is not valid, with line and column. */
export async function prepareRelay(paths: DataPaths, options: StartOptions, warn: (line: string) => void): Promise<PreparedRelay> {
  try {
    const found = { modelServers: findModelServers, libvirt: findLibvirt };
    const starter = { name: ownName(), allowExec: options.allowExec, ...found };
    const made = options.config === null && (await writeStarterConfig(paths.relayConfig, starter));
    const config = await loadConfig(options.config ?? paths.relayConfig);
    if (options.allowExec && !made && !config.exec)
      warn(`--allow-exec changes no existing file: set exec = true under [command] in ${config.file} yourself`);
    return { config, stateDir: config.stateDir ?? paths.relayState };
  } catch (error) {
    if (error instanceof ConfigError) throw new StartFailure(error.message, 2);
    throw new StartFailure(`${paths.relayConfig} cannot be written (${refusal(error)}): correct its owner and rights`, 2);
  }
}

/**
 * Enrols this machine unless the edge knows it already. The name is the edge's once it is enrolled: another one in
 * relay.toml counts when the host was removed and is enrolled again.
 */
export async function enrolRelay(edge: EdgeClient, { config, stateDir }: PreparedRelay): Promise<{ name: string; args: string[] }> {
  try {
    const known = await readState(stateDir);
    const isKnown = known !== null && (await edge.host(known.host)) !== null;
    const { host } = isKnown ? known : await enroll(edge.url, (await edge.enrollment(config.name ?? ownName())).code, stateDir);
    return { name: host, args: ["--config", config.file, "--state", stateDir, "--edge", edge.url] };
  } catch (error) {
    throw error instanceof StateError ? new StartFailure(error.message, 2) : error;
  }
}

/** The host as the edge shows it, once its relay is connected. */
export async function waitOnline(edge: EdgeClient, name: string): Promise<Host> {
  const deadline = Date.now() + ONLINE_MS;
  for (;;) {
    const host = await edge.host(name);
    if (host?.online && host.capabilities) return host;
    if (Date.now() > deadline)
      throw new StartFailure("this machine's relay did not come online; its messages are above. --no-relay starts the edge alone", 1);
    await pause(STEP_MS);
  }
}

/**
 * The host with what its relay said since `sinceMs`: until the edge's list has that, it shows what the relay said before its
 * relay.toml was changed. Where that takes too long, the host as it is known.
 */
export async function waitTold(edge: EdgeClient, host: Host, sinceMs: number): Promise<Host> {
  const deadline = Date.now() + TOLD_MS;
  for (;;) {
    const listed = (await edge.hosts()).find(({ id }) => id === host.id);
    if (listed?.last_seen_at && Date.parse(listed.last_seen_at) >= sinceMs) return listed;
    if (Date.now() > deadline) return host;
    await pause(STEP_MS);
  }
}
