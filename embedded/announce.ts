// What a start says when it is ready: one line for programs, or a banner for people with things to try.
import { homedir, hostname } from "node:os";
import { dirname, relative } from "node:path";
import { renderUnicodeCompact } from "uqr";
import type { Finding } from "../relay/detect.ts";
import type { Host } from "../protocol/api/shapes.ts";
import { shortNames } from "../protocol/operations/index.ts";
import type { EdgeClient } from "./edge-client.ts";
import { defaultDataDirectory, type StartOptions } from "./options.ts";

interface Announcement {
  readonly edge: EdgeClient;
  readonly key: string;
  /** This machine's relay, online; null without one. */
  readonly host: Host | null;
  /** Its relay.toml. */
  readonly rules: string | null;
  readonly findings: readonly Finding[];
  readonly options: StartOptions;
  /** The process to signal. */
  readonly parentPid: number;
  /** Absolute path of cli/farhand.mjs. */
  readonly command: string;
}

const quote = (text: string) => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** A path as one would type it here. */
function typed(path: string): string {
  const near = relative(process.cwd(), path);
  return quote(near.startsWith("..") ? path : near.includes("/") ? near : `./${near}`);
}

/** Three commands that work as they are printed. */
function toTry({ host, options, command }: Announcement): string[] {
  const farhand = process.cwd() === dirname(dirname(command)) ? "npx farhand" : typed(command);
  const login = `${farhand} login${options.data === defaultDataDirectory() ? "" : ` --data ${typed(options.data)}`}`;
  if (!host) return [login, `${farhand} status`, `${farhand} hosts enroll my-server`];
  const [name] = Object.keys(host.capabilities?.commands ?? {}).filter((name) => name === "hostname");
  return [
    `${login.padEnd(40)} # this terminal may then use the edge`,
    `${`${farhand} run ${host.name} host.info`.padEnd(40)} # ask this machine something`,
    name ? `${`${farhand} run ${host.name} ${name}`.padEnd(40)} # run a command that relay.toml declares` : `${farhand} hosts`,
  ];
}

function found(host: Host, { rules, findings }: Announcement): string[] {
  const catalogue = host.capabilities;
  const drivers = (catalogue?.drivers ?? []).map(({ name, available, detail }) => `${available ? "✓" : "–"} ${name}: ${detail}`);
  const programs = findings.filter((finding) => finding.found).map(({ name, detail }) => `· ${name}: ${detail}`);
  const commands = Object.keys(catalogue?.commands ?? {});
  return [
    `rules    ${rules === null ? "(none)" : shown(rules)}   (what may run here)`,
    `labels   ${host.relay_labels.join(", ") || "(none)"}`,
    `commands ${commands.join(", ") || "(none declared)"}`,
    `allowed  ${shortNames(catalogue?.operations ?? []).join(", ") || "(nothing)"}`,
    ...drivers,
    ...programs,
  ];
}

const shown = (path: string) => (path.startsWith(`${homedir()}/`) ? `~${path.slice(homedir().length)}` : path);

function banner(about: Announcement, signIn: string): string {
  const { edge, host, options } = about;
  const lines = [
    "",
    `Farhand is ready at ${edge.url}`,
    `  sign in   ${signIn}   (once, within 10 minutes)`,
    `  data      ${shown(options.data)}   (the admin key is in admin-key there)`,
    "",
    ...(host
      ? [`This machine is the host ${host.name}`, ...found(host, about).map((line) => `  ${line}`)]
      : [`No relay runs here (${hostname()} is not a host)`]),
    "",
    "Try",
    ...toTry(about).map((line) => `  ${line}`),
    "",
    ...(options.publicUrl ? [`${options.publicUrl}, for a phone:`, renderUnicodeCompact(signIn), ""] : []),
    "Ctrl-C stops edge and relay.",
  ];
  return `${lines.join("\n")}\n`;
}

export async function announce(about: Announcement): Promise<void> {
  const { edge, key, host, options, parentPid } = about;
  const { path } = await edge.signInCode();
  const signIn = (options.publicUrl ?? edge.url) + path;
  const ready = { event: "ready", url: edge.url, api_key: key, sign_in_url: signIn, host: host?.name ?? null, pid: parentPid };
  const text = options.json ? `${JSON.stringify(ready)}\n` : banner(about, signIn);
  await new Promise<void>((resolve) => {
    // Whoever started this may have closed its end; that is no reason to fail.
    process.stdout.once("error", () => resolve());
    process.stdout.write(text, () => resolve());
  });
}
