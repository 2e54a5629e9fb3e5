// A relay in this process, enrolled with a scripted edge, in a directory of its own.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../../relay/config.ts";
import { startRelay, type Relay, type RelayOptions } from "../../../relay/main.ts";
import { saveState } from "../../../relay/state.ts";
import { ScriptedEdge, type EdgeOptions } from "./scripted-edge.ts";

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface UnderTest {
  readonly edge: ScriptedEdge;
  readonly dir: string;
  readonly logs: LogLine[];
  relay: Relay;
  /** Stops the relay and starts another on the same state. */
  restart(options?: Partial<RelayOptions>): Promise<void>;
  end(): Promise<void>;
}

export const ALL = `slots = 30\n[allow]\noperations = ["*"]\n[command]\nexec = true\n`;

export async function enrolledDir(edgeUrl: string, privateKey: KeyObject = generateKeyPairSync("ed25519").privateKey): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "farhand-relay-"));
  await saveState(dir, { edgeUrl, host: "h", hostNumber: 7, privateKey });
  return dir;
}

/** A relay that is up on an edge that does as it is told. */
export async function relayUnderTest(
  toml: string = ALL,
  options: Partial<RelayOptions> = {},
  edgeOptions: EdgeOptions = {},
): Promise<UnderTest> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const edge = await ScriptedEdge.start({ publicKey, ...edgeOptions });
  const dir = await enrolledDir(edge.url, privateKey);
  const logs: LogLine[] = [];
  const start = (more: Partial<RelayOptions>) =>
    startRelay({
      config: parseConfig(toml, join(dir, "relay.toml")),
      stateDir: dir,
      drainMs: 100,
      log: (level, message, fields = {}) => logs.push({ level, message, fields }),
      ...options,
      ...more,
    });
  const test: UnderTest = {
    edge,
    dir,
    logs,
    relay: await start({}),
    async restart(more = {}) {
      await test.relay.stop();
      test.relay = await start(more);
    },
    async end() {
      await test.relay.stop();
      await edge.stop();
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return test;
}
