// Addresses of the app's screens, both ways. Pure: what an address means, not what is done with it.

export const ROOT = "/app/";

const PATTERNS = {
  hosts: "",
  host: "hosts/{host}",
  hostOperations: "hosts/{host}/operations",
  run: "hosts/{host}/operations/{operation}",
  hostServices: "hosts/{host}/services",
  hostJobs: "hosts/{host}/jobs",
  hostTerminals: "hosts/{host}/terminals",
  terminal: "hosts/{host}/terminals/{terminal}",
  vms: "vms",
  vmNew: "vms/new",
  vm: "hosts/{host}/vms/{vm}",
  vmHardware: "hosts/{host}/vms/{vm}/hardware",
  vmDisks: "hosts/{host}/vms/{vm}/disks",
  vmNetworks: "hosts/{host}/vms/{vm}/networks",
  vmSnapshots: "hosts/{host}/vms/{vm}/snapshots",
  vmConsole: "hosts/{host}/vms/{vm}/console/{console}",
  jobs: "jobs",
  job: "jobs/{id}",
  chat: "chat",
  conversation: "chat/{id}",
  terminals: "terminals",
  more: "more",
  keys: "keys",
  keyNew: "keys/new",
  enroll: "enroll",
  audit: "audit",
  usage: "usage",
  me: "me",
} as const;

export type ScreenName = keyof typeof PATTERNS;
export type Params = Readonly<Record<string, string>>;
export interface Place {
  /** null: there is no such screen. */
  readonly screen: ScreenName | null;
  readonly params: Params;
  readonly query: URLSearchParams;
}

const partsOf = (path: string) => path.split("/").filter((part) => part !== "");

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

function matched(pattern: string, parts: readonly string[]): Params | null {
  const wanted = partsOf(pattern);
  if (wanted.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (const [index, want] of wanted.entries()) {
    const value = decoded(parts[index]!);
    if (value === null) return null;
    const name = /^\{(.+)\}$/.exec(want)?.[1];
    if (name !== undefined) params[name] = value;
    else if (want !== value) return null;
  }
  return params;
}

export function placeOf(pathname: string, search: string): Place {
  const query = new URLSearchParams(search);
  const isOurs = pathname === "/app" || pathname.startsWith(ROOT);
  const parts = isOurs ? partsOf(pathname.slice(ROOT.length)) : [];
  if (isOurs)
    for (const [name, pattern] of Object.entries(PATTERNS)) {
      const params = matched(pattern, parts);
      // A fixed word wins over a name because it stands first where they meet.
      if (params !== null) return { screen: name as ScreenName, params, query };
    }
  return { screen: null, params: {}, query };
}

/** The address of a screen. */
export function pathTo(screen: ScreenName, params: Params = {}, query: Readonly<Record<string, string | null | undefined>> = {}): string {
  const path = PATTERNS[screen].replaceAll(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(params[name] ?? ""));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value != null && value !== "") search.set(name, value);
  const text = search.toString();
  return `${ROOT}${path}${text === "" ? "" : `?${text}`}`;
}
