// A relay as a process of its own, for tests that kill it: argv is state directory, file of the config, and the point at
// which it kills itself (or "-"). With "stop" after it, it freezes there instead, for the test to choose what dies.
// RELAY_CLOCK_MS shifts its wall clock.
import { startRelay } from "../../../relay/main.ts";

const [stateDir, configPath, at, how] = process.argv.slice(2);
if (!stateDir || !configPath) throw new Error("usage: relay-child STATE CONFIG POINT [stop]");

const shift = Number(process.env["RELAY_CLOCK_MS"] ?? 0);
const now = Date.now;
if (shift !== 0) Date.now = () => now() + shift;

const relay = await startRelay({
  stateDir,
  configPath,
  point: (point) => {
    if (point === at) process.kill(process.pid, how === "stop" ? "SIGSTOP" : "SIGKILL");
  },
});
process.on("SIGTERM", () => void relay.stop().then(() => process.exit(0)));
