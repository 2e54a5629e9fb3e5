// `farhand hosts`: list, show, enroll, label, note, remove.
import type * as z from "zod";
import type { enrollmentSchema, Host } from "../protocol/api/shapes.ts";
import type { Client } from "./client.ts";
import { usage } from "./failure.ts";
import { ago, fields, note, plain, print, printJson, size, table, timeLeft } from "./output.ts";
import { originOf } from "./profile.ts";
import { readList, segment, withEdge } from "./session.ts";
import type { Input } from "./verb.ts";

const path = (host: string) => `/api/v1/hosts/${segment(host)}`;
const labelsOf = (host: Host) => [...new Set([...host.labels, ...host.relay_labels])];

async function list(client: Client, input: Input): Promise<void> {
  input.atMost(1);
  const hosts = await readList<Host>(client, "/api/v1/hosts", input.count("limit", 50));
  if (input.json) return printJson(hosts);
  if (hosts.items.length === 0)
    return print("There is no host that you may see.\nAdd one: `farhand hosts enroll NAME` prints what to paste on the machine.");
  const rows = hosts.items.map((host) => [
    host.name,
    host.online ? "online" : "offline",
    host.online ? "now" : ago(host.last_seen_at),
    `${host.queue.running + host.queue.delivered}/${host.slots}`,
    labelsOf(host).join(","),
  ]);
  print(table(["HOST", "STATE", "SEEN", "RUNNING", "LABELS"], rows));
  if (hosts.next_cursor) note("There are more: --limit N shows them.");
}

function describe(host: Host): string {
  const { facts, capabilities } = host;
  const commands = Object.entries(capabilities?.commands ?? {}).map(([name, command]) => {
    const inputs = Object.entries(command.inputs).map(
      ([input, { type, secret, default: preset }]) =>
        `${input}=<${secret ? "secret " : ""}${type}${preset === undefined ? "" : ", optional"}>`,
    );
    return `  farhand run ${host.name} ${[name, ...inputs].join(" ")}${command.description ? `   # ${command.description}` : ""}`;
  });
  const head = fields([
    ["host", host.name],
    ["id", host.id],
    ["state", host.online ? "online" : `offline, seen ${ago(host.last_seen_at)}`],
    ["labels", host.labels.join(", ") || "(none set at the edge)"],
    ["says of itself", host.relay_labels.join(", ")],
    ["note", host.note],
    ["system", facts ? `${facts.os} ${facts.os_version}, ${facts.arch}` : null],
    ["machine", facts ? `${facts.cpus} processors, ${size(facts.memory_bytes)}` : null],
    ["relay", host.relay_version ? `${host.relay_version} on Node ${facts?.node_version ?? "?"}` : "has never connected"],
    ["jobs", `${host.queue.running + host.queue.delivered} of ${host.slots} slots in use, ${host.queue.queued + host.queue.held} waiting`],
    ["operations", capabilities?.operations.join(", ")],
    ...(capabilities?.drivers ?? []).map(
      ({ name, available, detail }) => [`driver ${name}`, `${available ? "ok" : "unavailable"}: ${detail}`] as const,
    ),
  ]);
  return plain([head, ...(commands.length > 0 ? ["", "Commands", ...commands] : [])].join("\n"));
}

async function show(client: Client, input: Input): Promise<void> {
  input.atMost(2);
  const host = await client.get<Host>(path(input.need(1, "The host")));
  if (input.json) printJson(host);
  else print(describe(host));
}

async function enroll(client: Client, input: Input): Promise<void> {
  input.atMost(2);
  const labels = input.list("label");
  const ttl = input.durationMs("ttl");
  const body = {
    host: input.need(1, "The new host's name"),
    ...(labels.length > 0 ? { labels } : {}),
    ...(ttl === undefined ? {} : { ttl_ms: ttl }),
  };
  const { body: made } = await client.ask<z.infer<typeof enrollmentSchema>>("POST", "/api/v1/enrollments", { body });
  const edge = input.text("edge") === undefined ? client.target.url : originOf(input.text("edge")!);
  const commands = [`npx farhand enroll ${edge} ${made.code} --config relay.toml`, "npx farhand relay --config relay.toml"];
  if (input.json) return printJson({ ...made, url: edge, commands });
  print(commands.join("\n"));
  note(`Paste this on ${made.host}, in a checkout of Farhand after \`npm ci\`. The code works once, for ${timeLeft(made.expires_at)}.`);
  if (/^https?:\/\/(127\.|localhost|\[::1\])/.test(edge))
    note("That address is reached from this machine only: name another with --edge URL.");
}

async function change(client: Client, input: Input, body: { labels: readonly string[] } | { note: string }): Promise<void> {
  const { body: host } = await client.ask<Host>("PATCH", path(input.need(1, "The host")), { body });
  if (input.json) printJson(host);
  else
    print(
      "labels" in body
        ? `${host.name}: ${host.labels.join(", ") || "no labels set at the edge"}`
        : `${host.name}: ${plain(host.note) || "no note"}`,
    );
}

async function remove(client: Client, input: Input): Promise<void> {
  input.atMost(2);
  const name = input.need(1, "The host");
  await client.ask("DELETE", path(name));
  if (input.json) printJson({ removed: name });
  else print(`${name} is removed: its relay is refused from now on, its waiting jobs are cancelled.`);
}

export async function run(input: Input): Promise<void> {
  const what = input.words[0] ?? "list";
  await withEdge(async (client) => {
    if (what === "list") await list(client, input);
    else if (what === "show") await show(client, input);
    else if (what === "enroll") await enroll(client, input);
    else if (what === "label") await change(client, input, { labels: input.words.slice(2) });
    else if (what === "note") await change(client, input, { note: input.words.slice(2).join(" ") });
    else if (what === "remove") await remove(client, input);
    else throw usage(`There is no \`hosts ${what}\`: list, show, enroll, label, note, remove.`);
  });
}
