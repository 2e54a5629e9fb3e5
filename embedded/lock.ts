// One start on one data directory. Two parts: a mutex that the kernel frees when its holder dies (an abstract socket,
// Linux), and the lock file, which says who holds it and what runs for it, so that the next start can end what was orphaned.
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { refusal, StartFailure } from "./failure.ts";
import { identityOf, isAlive, type ProcessIdentity } from "./process-identity.ts";

export interface LockRecord {
  readonly parent: ProcessIdentity;
  /** Null until the edge listens. */
  readonly url: string | null;
  readonly edge: ProcessIdentity | null;
  readonly relay: ProcessIdentity | null;
}

export interface Lock {
  /** What a start that died left here; its processes may still live. */
  readonly left: LockRecord | null;
  update(change: Partial<Omit<LockRecord, "parent">>): void;
  release(): void;
}

function readIdentity(value: unknown): ProcessIdentity | null {
  const { pid, start } = (value ?? {}) as Record<string, unknown>;
  if (!Number.isInteger(pid) || (pid as number) < 2) return null;
  return { pid: pid as number, start: typeof start === "string" ? start : null };
}

/** Null when there is none, or one that was torn: nothing is proven by it. */
export function readLock(path: string): LockRecord | null {
  try {
    const value = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    const parent = readIdentity(value["parent"]);
    if (!parent) return null;
    const url = typeof value["url"] === "string" ? value["url"] : null;
    return { parent, url, edge: readIdentity(value["edge"]), relay: readIdentity(value["relay"]) };
  } catch {
    return null;
  }
}

function running(record: LockRecord | null): StartFailure {
  const where = record?.url ? ` at ${record.url}` : "";
  const who = record ? `pid ${record.parent.pid}${where}` : "another start";
  return new StartFailure(`already running: ${who}; stop it first (kill ${record?.parent.pid ?? "PID"}), or choose another --data DIR`, 2);
}

/** Resolves to null when another process holds it. */
function takeMutex(directory: string): Promise<Server | null> {
  const { dev, ino } = statSync(directory);
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(null) : reject(error)));
    server.listen(`\0farhand-${dev}-${ino}`, () => resolve(server.unref()));
  });
}

/** Creates the file whole or not at all: a reader never sees half a record. */
function create(path: string, record: LockRecord): void {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  try {
    linkSync(own, path);
  } finally {
    rmSync(own, { force: true });
  }
}

export async function takeLock(path: string, directory: string): Promise<Lock> {
  const mutex = process.platform === "linux" ? await takeMutex(directory) : null;
  if (process.platform === "linux" && !mutex) throw running(readLock(path));
  const left = readLock(path);
  if (left && isAlive(left.parent)) throw running(left);
  let record: LockRecord = { parent: identityOf(process.pid), url: null, edge: left?.edge ?? null, relay: left?.relay ?? null };
  try {
    rmSync(path, { force: true });
    create(path, record);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw running(readLock(path));
    throw new StartFailure(`the lock file ${path} cannot be written (${refusal(error)}): correct the rights of the data directory`, 2);
  }
  return {
    left,
    update(change) {
      record = { ...record, ...change };
      writeFileSync(`${path}.${process.pid}`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
      renameSync(`${path}.${process.pid}`, path);
    },
    release() {
      rmSync(path, { force: true });
      mutex?.close();
    },
  };
}
