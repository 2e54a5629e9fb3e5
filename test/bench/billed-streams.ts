// (k) what a stream costs where messages are billed: socket messages of the relay per 1,000 tokens, counted between a second
// relay and the edge.
import { addHost } from "../faults/rig.ts";
import type { Figure } from "./measure.ts";
import { modelListed, serviceToml, type StreamRig } from "./stream-rig.ts";

const HOST = "billed";
const TOKENS = 200;
const WIDTHS = [1, 8, 64] as const;

export async function billedFigures(rig: StreamRig): Promise<Figure[]> {
  const host = await addHost(rig.product, HOST, serviceToml(rig.upstreamUrl));
  try {
    const model = `bench@${HOST}`;
    await modelListed(rig.product, model);
    const figures: Figure[] = [];
    for (const rate of [50, 0])
      for (const count of WIDTHS) {
        const tokens = rate === 0 ? 20_000 / count : TOKENS;
        const before = host.proxy.seen["to-edge"].length;
        await rig.client("streams", { target: { ...rig.through, model }, count, tokens, rate, burst: false });
        const messages = host.proxy.seen["to-edge"].length - before;
        const value = (messages / (count * tokens)) * 1_000;
        figures.push({
          name: `${count} ${rate === 0 ? "at full speed" : "paced"}: relay's messages per 1,000 tokens (20 are one request)`,
          value,
          unit: "",
        });
      }
    return figures;
  } finally {
    await host.stop();
  }
}
