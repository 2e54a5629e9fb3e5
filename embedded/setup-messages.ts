// What the parent of an embedded start and its set-up process say to each other: one JSON object a line.
import type { StartOptions } from "./options.ts";

/** The set-up process's only argument. No secret is in it: a process list shows it. */
export interface SetupTask {
  readonly options: StartOptions;
  /** The process to signal. */
  readonly parentPid: number;
  /** The Worker's bundle. */
  readonly worker: string;
  /** Absolute path of cli/farhand.mjs, for commands to try. */
  readonly command: string;
}

export type SetupReport =
  /** Keys and workerd's configuration are written, relay.toml is valid. */
  | { readonly step: "prepared" }
  /** This machine's relay may start with these arguments. */
  | { readonly step: "relay"; readonly args: readonly string[] }
  /** Banner or ready line are out. */
  | { readonly step: "ready" }
  | { readonly step: "failed"; readonly message: string; readonly exitCode: 1 | 2 };

/** From the parent, once: where the edge listens. */
export interface EdgeListens {
  readonly port: number;
}
