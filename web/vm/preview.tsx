// What a running machine shows, small, taken again every few seconds while it is looked at; the way to its consoles, or keys where
// the hypervisor has none.
import { useState } from "preact/hooks";
import type { Host } from "../../protocol/api/shapes.ts";
import { open } from "../api/client.ts";
import { useReadings } from "../api/readings.ts";
import { useMe } from "../api/session.ts";
import { pathTo } from "../routes.ts";
import { hasPlaceFor, mayAsk, paceOf, vmPath, type Vm } from "./contract.ts";
import { Keys } from "./keys.tsx";

const WIDTH = 720;

const dataUrl = (blob: Blob): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result as string));
    reader.addEventListener("error", () => reject(reader.error ?? new Error("unreadable")));
    reader.readAsDataURL(blob);
  });

const pictureAt = async (path: string, signal: AbortSignal): Promise<string> => {
  const answer = await open("GET", path, { headers: { accept: "image/png" }, signal });
  return dataUrl(await answer.blob());
};

export function Preview({ host, vm }: { readonly host: Host; readonly vm: Vm }) {
  const me = useMe();
  const path = `${vmPath(host.name, vm.id)}/screenshot?max_width=${WIDTH}`;
  const [turn, setTurn] = useState(0);
  const pace = { everyMs: paceOf(host).screenMs, keep: 1 };
  const { readings, problem, box } = useReadings(`${path} ${turn}`, (signal) => pictureAt(path, signal), pace);
  const picture = readings.at(-1);
  const params = { host: host.name, vm: vm.id };
  const canOpen = mayAsk(me, host, "vm.console");
  const hasKeys = !hasPlaceFor(host, "vm.console") && mayAsk(me, host, "vm.send-keys");
  const image = picture && <img class="preview" src={picture} alt={`Screen of ${vm.name}`} />;
  return (
    <section class="card" ref={box} aria-label="Screen">
      <h2>Screen</h2>
      {image && (canOpen ? <a href={pathTo("vmConsole", { ...params, console: "screen" })}>{image}</a> : image)}
      {!picture && <p class="soft">{problem || "Taking a picture…"}</p>}
      {hasKeys && <Keys host={host} vm={vm} onPressed={() => setTurn((turn) => turn + 1)} />}
      {canOpen && (
        <div class="buttons">
          <a class="button plain" href={pathTo("vmConsole", { ...params, console: "screen" })}>
            Open screen
          </a>
          <a class="button plain" href={pathTo("vmConsole", { ...params, console: "serial" })}>
            Serial console
          </a>
        </div>
      )}
    </section>
  );
}
