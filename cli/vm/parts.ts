// `farhand vm snapshot`, `disk` and `nic`: what belongs to one machine, listed, made, changed, removed.
import type { Client } from "../client.ts";
import { usage } from "../failure.ts";
import { print, printJson } from "../output.ts";
import { segment } from "../session.ts";
import type { Input } from "../verb.ts";
import { change } from "./change.ts";
import { checkOptions } from "./options.ts";
import { ask, machineIn, partIn, type Disk, type Meant, type Nic, type Snapshot } from "./machines.ts";
import { diskTable, nicTable, snapshotTable } from "./views.ts";
import { bytesOf, diskOf, nicOf } from "./words.ts";

/** Words: `vm disk add HOST VM …`: the machine stands at 2 and 3, what it is about from 4 on. */
const [MACHINE, ABOUT] = [2, 4];
type Act = (client: Client, input: Input, machine: Meant) => Promise<void>;

const listing =
  <T>(kind: "snapshots" | "disks" | "nics", show: (items: readonly T[]) => string, none: string): Act =>
  async (client, input, machine) => {
    input.atMost(ABOUT);
    const data = await ask<{ items: readonly T[] }>(client, `${machine.path}/${kind}`);
    if (input.json) printJson(data);
    else print(data.items.length === 0 ? `${machine.name} has no ${none}.` : show(data.items));
  };

const snapshotName = (input: Input): string => input.need(ABOUT, "The snapshot's name");
const snapshotPath = (input: Input, { path }: Meant): string => `${path}/snapshots/${segment(snapshotName(input))}`;

const SNAPSHOT: Readonly<Record<string, Act>> = {
  list: listing<Snapshot>("snapshots", snapshotTable, "snapshots"),
  create: (client, input, { path }) => {
    const description = input.text("description");
    const body = { name: snapshotName(input), ...(description === undefined ? {} : { description }) };
    return change(client, input, { method: "POST", path: `${path}/snapshots`, body });
  },
  revert: (client, input, machine) =>
    change(client, input, {
      method: "POST",
      path: `${snapshotPath(input, machine)}/revert`,
      question: `Go back to ${snapshotName(input)}? What ${machine.name} did since is lost.`,
    }),
  delete: (client, input, machine) =>
    change(client, input, {
      method: "DELETE",
      path: snapshotPath(input, machine),
      query: { children: input.flag("children") ? "true" : undefined },
      question: `Delete the snapshot ${snapshotName(input)} of ${machine.name}?`,
    }),
};

const DISK: Readonly<Record<string, Act>> = {
  list: listing<Disk>("disks", diskTable, "disks"),
  add: (client, input, { path }) =>
    change(client, input, {
      method: "POST",
      path: `${path}/disks`,
      body: diskOf(input.need(ABOUT, "The disk (20G, image:NAME,size=20G)")),
    }),
  resize: async (client, input, machine) => {
    const path = await partIn(client, machine, "disks", input.need(ABOUT, "The disk"));
    await change(client, input, { method: "PATCH", path, body: { size_bytes: bytesOf(input.need(ABOUT + 1, "The new size"), "size") } });
  },
  remove: async (client, input, machine) => {
    const disk = input.need(ABOUT, "The disk");
    const path = await partIn(client, machine, "disks", disk);
    await change(client, input, { method: "DELETE", path, question: `Delete the disk ${disk} of ${machine.name} with its data?` });
  },
};

const NIC: Readonly<Record<string, Act>> = {
  list: listing<Nic>("nics", nicTable, "network adapters"),
  add: (client, input, { path }) =>
    change(client, input, { method: "POST", path: `${path}/nics`, body: nicOf(input.need(ABOUT, "The network (NAME,vlan=20)")) }),
  remove: async (client, input, machine) => {
    const path = await partIn(client, machine, "nics", input.need(ABOUT, "The adapter"));
    await change(client, input, { method: "DELETE", path });
  },
};

export const PARTS: Readonly<Record<string, Readonly<Record<string, Act>>>> = { snapshot: SNAPSHOT, disk: DISK, nic: NIC };

/** `input.words[0]` is one of {@link PARTS}. */
export async function part(client: Client, input: Input): Promise<void> {
  const kind = input.words[0]!;
  const acts = PARTS[kind]!;
  const what = input.words[1] ?? "";
  const act = Object.hasOwn(acts, what) ? acts[what] : undefined;
  if (!act) throw usage(`There is no \`vm ${kind} ${what}\`: ${Object.keys(acts).join(", ")}.`);
  checkOptions(input, `${kind} ${what}`);
  input.atMost(ABOUT + (what === "resize" ? 2 : 1));
  await act(client, input, await machineIn(client, input, MACHINE));
}
