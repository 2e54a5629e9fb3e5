// Which edge, and with which key: FARHAND_URL and FARHAND_API_KEY, else the profile that `farhand login` wrote. A stored
// key is sent to the address that it was stored with and to no other.
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Target } from "./client.ts";
import { usage } from "./failure.ts";

export interface Profile {
  readonly url: string;
  readonly api_key: string;
}

/** `$XDG_CONFIG_HOME/farhand/profile.json`, else below `~/.config`. */
function profilePath(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment["XDG_CONFIG_HOME"];
  return join(base?.startsWith("/") ? base : join(homedir(), ".config"), "farhand", "profile.json");
}

function readProfile(environment: NodeJS.ProcessEnv = process.env): Profile | null {
  let text: string;
  try {
    text = readFileSync(profilePath(environment), "utf8");
  } catch {
    return null;
  }
  try {
    const { url, api_key: key } = JSON.parse(text) as Record<string, unknown>;
    if (typeof url === "string" && typeof key === "string") return { url: originOf(url), api_key: key };
  } catch {
    // Said below.
  }
  throw usage(`${profilePath(environment)} is not as farhand writes it: run \`farhand login\` again.`);
}

export function writeProfile(profile: Profile, environment: NodeJS.ProcessEnv = process.env): string {
  const path = profilePath(environment);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(profile, null, 2)}\n`, { mode: 0o600 });
  chmodSync(fresh, 0o600);
  renameSync(fresh, path);
  return path;
}

/** The origin of an edge's address; a path or a name alone is refused. */
export function originOf(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw usage(`${text} is not the address of an edge: give an origin such as http://127.0.0.1:8787`);
  return new URL(text).origin;
}

export function findTarget(environment: NodeJS.ProcessEnv = process.env): Target {
  const given = environment["FARHAND_URL"] ? originOf(environment["FARHAND_URL"]) : null;
  const key = environment["FARHAND_API_KEY"] || null;
  if (given && key) return { url: given, key };
  const profile = readProfile(environment);
  const url = given ?? profile?.url;
  const stored = profile && profile.url === url ? profile.api_key : null;
  if (!url)
    throw usage(
      "No edge is known here.\nRun `farhand login` on the edge's machine, `farhand login URL --key -` elsewhere, or set FARHAND_URL and FARHAND_API_KEY.",
    );
  if (!(key ?? stored)) throw usage(`There is no key for ${url}.\nSet FARHAND_API_KEY, or run \`farhand login ${url} --key -\`.`);
  return { url, key: key ?? stored };
}
