// `farhand enroll URL CODE`: makes this host's key and writes the relay's state; with --config, a relay.toml to begin with.
import { join } from "node:path";
import { writeStarterConfig, type RelayConfig } from "../relay/config.ts";
import { enroll, StateError } from "../relay/state.ts";
import { CliFailure, EXIT } from "./failure.ts";
import { note, print, printJson } from "./output.ts";
import { originOf } from "./profile.ts";
import { configFile, readRelayConfig, stateDirectory } from "./relay-files.ts";
import type { Input } from "./verb.ts";

/** The service token of `[access]`, for an edge behind Cloudflare Access. */
function accessHeaders(config: RelayConfig | null): Record<string, string> {
  if (!config?.access) return {};
  const secret = process.env[config.access.clientSecretEnv];
  if (!secret)
    throw new CliFailure(
      EXIT.usage,
      `${config.access.clientSecretEnv} is not set; [access] in ${config.file} names it for the service token's secret.`,
    );
  return { "cf-access-client-id": config.access.clientId, "cf-access-client-secret": secret };
}

export async function run(input: Input): Promise<void> {
  input.atMost(2);
  const url = originOf(input.need(0, "The edge's address"));
  const code = input.need(1, "The code");
  const file = configFile(input);
  const config = await readRelayConfig(file);
  const stateDir = stateDirectory(input, config);
  try {
    const { host } = await enroll(url, code, stateDir, { accessHeaders: accessHeaders(config) });
    const isNew = input.text("config") !== undefined && (await writeStarterConfig(file, { name: host, allowExec: false }));
    if (input.json) return printJson({ host, url, state: stateDir, config: file, config_written: isNew });
    print(`This machine is ${host} at ${url}; its key is in ${join(stateDir, "relay.json")}.`);
    note(`${isNew ? `What may run here is written in ${file}: look into it. ` : ""}Next: \`farhand relay --config ${file}\`.`);
  } catch (error) {
    if (error instanceof StateError) throw new CliFailure(EXIT.refused, error.message);
    throw error;
  }
}
