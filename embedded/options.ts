// The options of `farhand start`, once: the help of the CLI and the parent process read this table. Imports only what
// the parent process has in memory anyway.
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { StartFailure } from "./failure.ts";

export interface StartOptions {
  /** The ready line on standard output instead of the banner. */
  readonly json: boolean;
  /** 0: chosen by the kernel. */
  readonly port: number;
  readonly host: string;
  /** Absolute. */
  readonly data: string;
  /** Absolute; null: `relay.toml` in the data directory, made when it is missing. */
  readonly config: string | null;
  readonly relay: boolean;
  readonly allowExec: boolean;
  /** An http(s) origin, or null. */
  readonly publicUrl: string | null;
}

export const START_OPTIONS = {
  port: { type: "string", value: "PORT", help: "port to listen on; 0 lets the system choose (default 8787)" },
  host: { type: "string", value: "ADDRESS", help: "address to listen on (default 127.0.0.1: this machine only)" },
  data: { type: "string", value: "DIR", help: "where keys, hosts, jobs and logs live (default ~/.local/share/farhand)" },
  config: { type: "string", value: "FILE", help: "relay.toml of this machine's relay (default DIR/relay.toml, made when it is missing)" },
  "no-relay": { type: "boolean", help: "start the edge alone" },
  "allow-exec": { type: "boolean", help: "write `exec = true` into the starter relay.toml: any program may be run on this machine" },
  "public-url": {
    type: "string",
    value: "URL",
    help: "how others reach this edge (Tailscale Serve, a Cloudflare tunnel); shown as a QR code",
  },
  json: { type: "boolean", help: "first line on standard output is the ready line for programs" },
} as const;

/** `$XDG_DATA_HOME/farhand`, else `~/.local/share/farhand`: it outlives a checkout of the sources. */
export function defaultDataDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment["XDG_DATA_HOME"];
  return base?.startsWith("/") ? join(base, "farhand") : join(homedir(), ".local/share/farhand");
}

function portOf(text: string | undefined): number {
  if (text === undefined) return 8787;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) throw new StartFailure(`--port ${text} is not a port: give a number from 0 to 65535`, 2);
  return port;
}

function hostOf(text: string | undefined): string {
  const host = (text ?? "127.0.0.1").replace(/^\[(.*)\]$/, "$1");
  if (!/^[A-Za-z0-9.:_-]{1,253}$/.test(host)) throw new StartFailure("--host must be an address or a hostname, for example 127.0.0.1", 2);
  return host;
}

function originOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  const wrong = () => new StartFailure("--public-url must be an origin such as https://farhand.example.ts.net, without a path", 2);
  if (!URL.canParse(text)) throw wrong();
  const url = new URL(text);
  const isOrigin = url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  if (!isOrigin || !/^https?:$/.test(url.protocol)) throw wrong();
  return url.origin;
}

/** Throws a {@link StartFailure} of exit code 2 for what cannot be understood. */
export function parseStartOptions(argv: readonly string[], cwd: string = process.cwd()): StartOptions {
  const { values } = (() => {
    try {
      return parseArgs({ args: [...argv], options: START_OPTIONS, strict: true, allowPositionals: false });
    } catch (error) {
      throw new StartFailure(`${(error as Error).message.split(". ")[0]}; see: farhand start --help`, 2);
    }
  })();
  for (const name of ["data", "config"] as const)
    if (values[name] === "") throw new StartFailure(`--${name} needs a path; see: farhand start --help`, 2);
  return {
    json: values.json ?? false,
    port: portOf(values.port),
    host: hostOf(values.host),
    data: values.data === undefined ? defaultDataDirectory() : resolve(cwd, values.data),
    config: values.config === undefined ? null : resolve(cwd, values.config),
    relay: !(values["no-relay"] ?? false),
    allowExec: values["allow-exec"] ?? false,
    publicUrl: originOf(values["public-url"]),
  };
}
