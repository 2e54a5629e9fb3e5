// A relay as a process of its own, for tests that kill it: argv is state directory, file of the config, and the point at
// which it kills itself (or "-").
import { startRelay } from "../../../relay/main.ts";

const [stateDir, configPath, killAt] = process.argv.slice(2);
if (!stateDir || !configPath) throw new Error("usage: relay-child STATE CONFIG POINT");

const relay = await startRelay({
  stateDir,
  configPath,
  point: (point) => {
    if (point === killAt) process.kill(process.pid, "SIGKILL");
  },
});
process.on("SIGTERM", () => void relay.stop().then(() => process.exit(0)));
