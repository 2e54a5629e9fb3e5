// `farhand vm list`, `show`, `stats`, `screenshot`, and the lists of what a host declares: everything that changes nothing.
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../client.ts";
import { CliFailure, EXIT, usage } from "../failure.ts";
import { note, print, printJson, size } from "../output.ts";
import { readList } from "../session.ts";
import type { Input } from "../verb.ts";
import { ask, hostPath, machineIn, virtualOf, type DataOf, type Machine, type Stats } from "./machines.ts";
import { statsText } from "./stats-view.ts";
import { imageTable, machineTable, machineText, networkTable, storageTable, type Freshness, type Listed } from "./views.ts";

const SHOT_MS = 60_000;
const BETWEEN_MS = 1_000;

export async function list(client: Client, input: Input): Promise<void> {
  input.atMost(2);
  const host = input.words[1];
  // A host's own list knows a change at once, that of all hosts within a second.
  const path = host === undefined ? "/api/v1/vms" : `${hostPath(host)}/vms`;
  const machines = await readList<Listed, Partial<Freshness>>(client, path, input.count("limit", 500));
  if (input.json) return printJson(machines);
  if (machines.items.length === 0) return print(`There is no virtual machine${host === undefined ? " that you may see" : ` on ${host}`}.`);
  print(machineTable(machines.items, machines));
  if (machines.next_cursor) note("There are more: --limit N shows them.");
}

export async function show(client: Client, input: Input): Promise<void> {
  input.atMost(3);
  const { path, host } = await machineIn(client, input, 1);
  const machine = await ask<Machine>(client, path);
  if (input.json) printJson(machine);
  else print(machineText(machine, await virtualOf(client, host)));
}

/** Rates are between two readings: the host may have none of before, and is asked twice then. */
export async function stats(client: Client, input: Input): Promise<void> {
  input.atMost(3);
  const { path } = await machineIn(client, input, 1);
  let read = await ask<Stats>(client, `${path}/stats`);
  if (read.sampled_ms === 0 && ["running", "paused"].includes(read.state)) {
    await sleep(BETWEEN_MS);
    read = await ask<Stats>(client, `${path}/stats`);
  }
  if (input.json) return printJson(read);
  print(statsText(read, await ask<Machine>(client, path)));
}

/** What the host's file declares. */
export async function declared(client: Client, input: Input, kind: "images" | "networks" | "storage"): Promise<void> {
  input.atMost(2);
  const data = await ask<DataOf<"image.list"> & DataOf<"network.list"> & DataOf<"storage.list">>(
    client,
    `${hostPath(input.need(1, "The host"))}/${kind}`,
  );
  if (input.json) return printJson(data);
  if (data.items.length === 0)
    return print(`The host declares none: [libvirt.${kind}.NAME] or [hyperv.${kind}.NAME] in its relay.toml does.`);
  print(kind === "images" ? imageTable(data) : kind === "networks" ? networkTable(data) : storageTable(data));
}

export async function screenshot(client: Client, input: Input): Promise<void> {
  input.atMost(3);
  const file = input.text("output");
  if (file === undefined) throw usage("Where to write it is missing: -o FILE, or -o - for standard output.");
  const { path } = await machineIn(client, input, 1);
  const response = await client.open("GET", `${path}/screenshot`, { headers: { accept: "image/png" }, timeoutMs: SHOT_MS });
  if (response.statusCode !== 200) throw await client.refusal(response);
  let bytes = 0;
  response.on("data", (piece: Buffer) => (bytes += piece.length));
  try {
    await pipeline(response, file === "-" ? process.stdout : createWriteStream(file), {
      end: file !== "-",
      signal: AbortSignal.timeout(SHOT_MS),
    });
  } catch (error) {
    throw new CliFailure(EXIT.failed, `The screenshot could not be written to ${file}: ${(error as Error).message}`, { cause: error });
  }
  if (file !== "-") note(`${size(bytes)} in ${file}`);
}
