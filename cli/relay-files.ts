// Where the relay of this machine has its file and its state, the same for `enroll`, `relay` and `doctor`.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { ConfigError, loadConfig, type RelayConfig } from "../relay/config.ts";
import { CliFailure, EXIT } from "./failure.ts";
import type { Input } from "./verb.ts";

/** `$XDG_STATE_HOME/farhand`, else `~/.local/state/farhand`. */
function defaultState(): string {
  const base = process.env["XDG_STATE_HOME"];
  return join(base?.startsWith("/") ? base : join(homedir(), ".local/state"), "farhand");
}

export const configFile = (input: Input): string => resolve(input.text("config") ?? "relay.toml");

/** Null when there is no such file; a broken one is a failure with line and column. */
export async function readRelayConfig(file: string): Promise<RelayConfig | null> {
  if (!existsSync(file)) return null;
  try {
    return await loadConfig(file);
  } catch (error) {
    throw error instanceof ConfigError ? new CliFailure(EXIT.usage, error.message) : error;
  }
}

export function stateDirectory(input: Input, config: RelayConfig | null): string {
  const named = input.text("state");
  return named === undefined ? (config?.stateDir ?? defaultState()) : resolve(named);
}

/** The service token of `[access]`, for an edge behind Cloudflare Access. */
export function accessHeaders(config: RelayConfig | null): Record<string, string> {
  if (!config?.access) return {};
  const secret = process.env[config.access.clientSecretEnv];
  if (!secret)
    throw new CliFailure(
      EXIT.usage,
      `${config.access.clientSecretEnv} is not set; [access] in ${config.file} names it for the service token's secret.`,
    );
  return { "cf-access-client-id": config.access.clientId, "cf-access-client-secret": secret };
}
