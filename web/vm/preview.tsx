// What a running machine shows, small, taken again every few seconds while it is looked at; the way to its consoles.
import type { Host } from "../../protocol/api/shapes.ts";
import { open } from "../api/client.ts";
import { useReadings } from "../api/readings.ts";
import { useMe } from "../api/session.ts";
import { pathTo } from "../routes.ts";
import { mayAsk, vmPath, type Vm } from "./contract.ts";

const EVERY_MS = 5_000;
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
  const { readings, problem, box } = useReadings(path, (signal) => pictureAt(path, signal), { everyMs: EVERY_MS, keep: 1 });
  const picture = readings.at(-1);
  const params = { host: host.name, vm: vm.id };
  const canOpen = mayAsk(me, host, "vm.console");
  const image = picture && <img class="preview" src={picture} alt={`Screen of ${vm.name}`} />;
  return (
    <section class="card" ref={box} aria-label="Screen">
      <h2>Screen</h2>
      {image && (canOpen ? <a href={pathTo("vmConsole", { ...params, console: "screen" })}>{image}</a> : image)}
      {!picture && <p class="soft">{problem || "Taking a picture…"}</p>}
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
