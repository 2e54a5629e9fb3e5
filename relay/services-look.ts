// One look at the services that relay.toml declares or permits, and at model servers and a libvirt that it does not name yet. For
// `farhand doctor`; a running relay looks by its drivers.
import type { RelayConfig } from "./config.ts";
import { detect, PLACES, usedKinds, type Finding } from "./detect.ts";
import { createHttpDriver } from "./drivers/http/driver.ts";
import { createLmstudioDriver } from "./drivers/lmstudio/driver.ts";
import { createOllamaDriver } from "./drivers/ollama/driver.ts";
import { createOpenaiDriver } from "./drivers/openai/driver.ts";
import { UsageCounts } from "./proxy/usage-counts.ts";

export interface ServiceLook {
  readonly name: string;
  readonly healthy: boolean;
  readonly detail: string;
}

/** Never throws; takes some seconds at most. `unused`: what answers here and nobody reaches, with what to add. */
export async function lookAtServices(config: RelayConfig): Promise<{ services: ServiceLook[]; unused: Finding[] }> {
  const counting = { usage: new UsageCounts() };
  const drivers = [
    createHttpDriver(config),
    createOllamaDriver(config, counting),
    createLmstudioDriver(config, counting),
    createOpenaiDriver(config, counting),
  ];
  const used = usedKinds(config);
  const [{ findings }] = await Promise.all([
    detect([], PLACES, used),
    ...drivers.map((driver) =>
      driver.start(
        () => undefined,
        () => undefined,
      ),
    ),
  ]);
  const services = drivers.flatMap((driver) => (driver.services?.() ?? []).map((hosted) => hosted.service()));
  await Promise.all(drivers.map((driver) => driver.stop()));
  const unused = findings.filter(
    ({ name, found, detail }) => found && /^(Ollama|LM Studio|libvirt)$/.test(name) && !detail.startsWith("found and used"),
  );
  return { services: services.map(({ name, healthy, detail }) => ({ name, healthy, detail })), unused };
}
