// `farhand vm`: which of its words does what. A machine is meant by `HOST VM`, name or UUID.
import type { Client } from "../client.ts";
import { usage } from "../failure.ts";
import { withEdge } from "../session.ts";
import type { Input } from "../verb.ts";
import { change, type Change } from "./change.ts";
import { serialConsole } from "./console.ts";
import { checkOptions } from "./options.ts";
import { hostPath, machineIn, type Meant } from "./machines.ts";
import { part, PARTS } from "./parts.ts";
import { declared, list, screenshot, show, stats } from "./reads.ts";
import { createSpec, updateSpec } from "./specification.ts";

type Act = (client: Client, input: Input) => Promise<void>;

/** A change of one machine, of the words `vm … HOST VM` and `more` after them. */
const changing =
  (of: (input: Input, machine: Meant) => Change, more = 0): Act =>
  async (client, input) => {
    input.atMost(3 + more);
    await change(client, input, of(input, await machineIn(client, input, 1)));
  };

const power = (verb: string): Act => changing((_input, { path }) => ({ method: "POST", path: `${path}/${verb}` }));

/** How long the guest is waited for, and what then. */
function patience(input: Input): Record<string, unknown> {
  const wait = input.durationMs("wait");
  return { ...(wait === undefined ? {} : { wait_ms: wait }), ...(input.flag("force") ? { force: true } : {}) };
}

/** By its guest; with --force alone by its plug; with both, first the one and then the other. */
function stop(input: Input, { path, name }: Meant): Change {
  const isHard = input.flag("force") && input.text("wait") === undefined;
  if (!isHard) return { method: "POST", path: `${path}/shutdown`, body: patience(input) };
  return { method: "POST", path: `${path}/stop`, question: `Turn ${name} off, as by its plug? What it has not written is lost.` };
}

function remove(input: Input, { path, name, host }: Meant): Change {
  const flag = (option: string) => (input.flag(option) ? "true" : undefined);
  const disks = input.flag("disks") ? " with its disks and all that is on them" : "; its disks are kept";
  return {
    method: "DELETE",
    path,
    query: { delete_disks: flag("disks"), force: flag("force") },
    question: `Delete ${name} on ${host}${disks}?`,
  };
}

function clone(input: Input, { path }: Meant): Change {
  const [storage, snapshot] = [input.text("storage"), input.text("snapshot")];
  const body = {
    name: input.need(3, "The copy's name"),
    ...(input.flag("linked") ? { mode: "linked" } : {}),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(storage === undefined ? {} : { storage_class: storage }),
    ...(input.flag("start") ? { start: true } : {}),
  };
  return { method: "POST", path: `${path}/clone`, body };
}

/** Keys of one word are held together: `ctrl+alt+delete`. */
function keysOf(input: Input): Record<string, unknown> {
  const [text, words] = [input.text("text"), input.words.slice(3)];
  if ((text === undefined) === (words.length === 0)) throw usage("Write keys (ctrl+alt+delete enter), or --text TEXT.");
  return text === undefined ? { chords: words.map((word) => word.toLowerCase().split("+")) } : { text };
}

const ACTS: Readonly<Record<string, Act>> = {
  list,
  show,
  stats,
  create: async (client, input) => {
    input.atMost(3);
    const path = `${hostPath(input.need(1, "The host"))}/vms`;
    await change(client, input, { method: "POST", path, body: createSpec(input) });
  },
  update: changing((input, { path }) => ({ method: "PATCH", path, body: updateSpec(input) })),
  start: power("start"),
  stop: changing(stop),
  reboot: changing((input, { path }) => ({ method: "POST", path: `${path}/reboot`, body: patience(input) })),
  reset: changing((_input, { path, name }) => ({ method: "POST", path: `${path}/reset`, question: `Reset ${name}, as by its button?` })),
  suspend: power("suspend"),
  resume: power("resume"),
  save: power("save"),
  delete: changing(remove),
  clone: changing(clone, 1),
  rename: changing((input, { path }) => ({ method: "POST", path: `${path}/rename`, body: { name: input.need(3, "The new name") } }), 1),
  console: async (client, input) => {
    input.atMost(3);
    await serialConsole(client, await machineIn(client, input, 1), input.flag("take-over"));
  },
  screenshot,
  keys: async (client, input) => {
    const body = keysOf(input);
    await change(client, input, { method: "POST", path: `${(await machineIn(client, input, 1)).path}/send-keys`, body });
  },
  images: (client, input) => declared(client, input, "images"),
  networks: (client, input) => declared(client, input, "networks"),
  storage: (client, input) => declared(client, input, "storage"),
  ...Object.fromEntries(Object.keys(PARTS).map((kind) => [kind, part])),
};

export async function run(input: Input): Promise<void> {
  const what = input.words[0] ?? "list";
  const act = Object.hasOwn(ACTS, what) ? ACTS[what] : undefined;
  if (!act) throw usage(`There is no \`vm ${what}\`: ${Object.keys(ACTS).join(", ")}.`);
  if (!Object.hasOwn(PARTS, what)) checkOptions(input, what);
  await withEdge((client) => act(client, input));
}
