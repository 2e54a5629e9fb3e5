// `farhand enroll URL CODE`: makes this host's key and writes the relay's state.
import { join, resolve } from "node:path";
import { enroll, StateError } from "../relay/state.ts";
import { CliFailure, EXIT } from "./failure.ts";
import { note, print, printJson } from "./output.ts";
import { originOf } from "./profile.ts";
import { defaultRelayState } from "./relay-state.ts";
import type { Input } from "./verb.ts";

export async function run(input: Input): Promise<void> {
  input.atMost(2);
  const url = originOf(input.need(0, "The edge's address"));
  const code = input.need(1, "The code");
  const stateDir = resolve(input.text("state") ?? defaultRelayState());
  try {
    const { host } = await enroll(url, code, stateDir);
    if (input.json) return printJson({ host, url, state: stateDir });
    print(`This machine is ${host} at ${url}; its key is in ${join(stateDir, "relay.json")}.`);
    note("Next: `farhand relay --config relay.toml`. docs/relay.md says what to write there and how to start it at boot.");
  } catch (error) {
    if (error instanceof StateError) throw new CliFailure(EXIT.failed, error.message);
    throw error;
  }
}
