// `farhand relay`: checks the file, then becomes the relay.
import { join } from "node:path";
import { become, LEAN_ENVIRONMENT, LEAN_FLAGS } from "./become.mjs";
import { CliFailure, EXIT } from "./failure.ts";
import { builtFolder, configFile, readRelayConfig, stateDirectory } from "./relay-files.ts";
import type { Input } from "./verb.ts";

export async function run(input: Input): Promise<void> {
  input.atMost(0);
  const file = configFile(input);
  const config = await readRelayConfig(file);
  if (!config)
    throw new CliFailure(
      EXIT.usage,
      `${file} does not exist: name another with --config FILE; \`farhand enroll … --config FILE\` writes one to begin with, docs/relay.md says what may stand in it.`,
    );
  const edge = input.text("edge");
  const args = ["--config", file, "--state", stateDirectory(input, config), ...(edge === undefined ? [] : ["--edge", edge])];
  become(process.execPath, ["--title=farhand-relay", ...LEAN_FLAGS, join(builtFolder(), "relay.mjs"), ...args], {
    ...LEAN_ENVIRONMENT,
    // Huge pages (glibc 2.35 and newer, ignored elsewhere): each fork of the relay is about 0.5 ms shorter.
    GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
    ...process.env,
  });
}
