// The layout of the data directory of an embedded edge, and its making. Everything in it is this user's alone.
import { accessSync, chmodSync, constants, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { refusal, StartFailure } from "./failure.ts";

export interface DataPaths {
  readonly root: string;
  /** Who runs here: see lock.ts. */
  readonly lock: string;
  /** `fh_…`, 0600. */
  readonly adminKey: string;
  /** 32 random bytes in base64, 0600. */
  readonly sealKey: string;
  /** The starter file of this machine's relay. */
  readonly relayConfig: string;
  /** workerd's configuration and the copy of the Worker that it runs. */
  readonly edge: string;
  readonly edgeConfig: string;
  /** Where workerd listens, for this machine's parent and relay. */
  readonly edgeSocket: string;
  /** SQLite files of the Durable Objects. */
  readonly edgeState: string;
  /** Key, journal and spool of this machine's relay. */
  readonly relayState: string;
}

/** As workerd is told, which runs in the edge's directory. */
export const EDGE_SOCKET = "http.sock";

export function dataPaths(root: string): DataPaths {
  const at = (...parts: string[]) => join(root, ...parts);
  return {
    root,
    lock: at("lock"),
    adminKey: at("admin-key"),
    sealKey: at("seal-key"),
    relayConfig: at("relay.toml"),
    edge: at("edge"),
    edgeConfig: at("edge", "config.capnp"),
    edgeSocket: at("edge", EDGE_SOCKET),
    edgeState: at("edge", "state"),
    relayState: at("relay"),
  };
}

/** Makes the directories, 0700; one that is ours and wider is narrowed. */
export function openDataDirectory(root: string): DataPaths {
  const paths = dataPaths(root);
  for (const path of [paths.root, paths.edge, paths.edgeState, paths.relayState]) {
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      if (!statSync(path).isDirectory()) throw Object.assign(new Error("not a directory"), { code: "ENOTDIR" });
      chmodSync(path, 0o700);
      accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      throw new StartFailure(
        `the data directory ${path} cannot be used (${refusal(error)}): correct its owner and rights, or choose another with --data DIR`,
        2,
      );
    }
  }
  return paths;
}
