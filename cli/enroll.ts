// `farhand enroll URL CODE`: makes this host's key and writes the relay's state, and the relay.toml that --config names.
import { join } from "node:path";
import { writeStarterConfig } from "../relay/config.ts";
import { findModelServers } from "../relay/model-places.ts";
import { enroll, StateError } from "../relay/state.ts";
import { findLibvirt } from "../relay/vm-places.ts";
import { CliFailure, EXIT } from "./failure.ts";
import { note, print, printJson } from "./output.ts";
import { originOf } from "./profile.ts";
import { accessHeaders, configFile, readRelayConfig, stateDirectory } from "./relay-files.ts";
import type { Input } from "./verb.ts";

export async function run(input: Input): Promise<void> {
  input.atMost(2);
  const url = originOf(input.need(0, "The edge's address"));
  const code = input.need(1, "The code");
  const file = configFile(input);
  const config = await readRelayConfig(file);
  const stateDir = stateDirectory(input, config);
  try {
    const { host } = await enroll(url, code, stateDir, { accessHeaders: accessHeaders(config) });
    // Not into whatever directory this runs in: only where it was named.
    const starter = { name: host, allowExec: false, modelServers: findModelServers, libvirt: findLibvirt };
    const isNew = input.text("config") !== undefined && (await writeStarterConfig(file, starter));
    if (input.json) return printJson({ host, url, state: stateDir, config: file, config_written: isNew });
    print(`This machine is ${host} at ${url}; its key is in ${join(stateDir, "relay.json")}.`);
    const first = isNew
      ? `What may run here is written in ${file}: look into it. `
      : config
        ? ""
        : `${file} is still to be written: docs/relay.md. `;
    note(`${first}Next: \`farhand relay --config ${file}\`.`);
  } catch (error) {
    if (error instanceof StateError) throw new CliFailure(EXIT.refused, error.message);
    throw error;
  }
}
