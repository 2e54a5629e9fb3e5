// Where the relay of this machine has its file and its state, the same for `enroll`, `relay` and `doctor`.
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { DataPaths } from "../embedded/data-directory.ts";
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

/** Of the file that is named or lies here, else of the edge on this machine. */
export function ownFiles(input: Input, paths: Pick<DataPaths, "relayConfig">): { readonly file: string; readonly isEmbedded: boolean } {
  const own = configFile(input);
  const isEmbedded = input.text("config") === undefined && !existsSync(own) && existsSync(paths.relayConfig);
  return { file: isEmbedded ? paths.relayConfig : own, isEmbedded };
}

/** Where the built host agents lie. This process was started as cli/farhand.mjs, perhaps through a link. */
export const builtFolder = (): string => join(dirname(dirname(realpathSync(process.argv[1]!))), "dist");

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
