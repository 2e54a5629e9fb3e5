// The two secrets of an embedded edge, each in a file of its own, 0600, made once: the admin key and the seal key.
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { DataPaths } from "./data-directory.ts";
import { refusal, StartFailure } from "./failure.ts";

/** Reads the file; makes it when it is missing, whole or not at all. */
function keep(path: string, make: () => string, form: RegExp): string {
  try {
    const own = `${path}.${process.pid}`;
    try {
      writeFileSync(own, `${make()}\n`, { mode: 0o600, flag: "wx" });
      linkSync(own, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(own, { force: true });
    }
    chmodSync(path, 0o600);
    const secret = readFileSync(path, "utf8").trim();
    if (form.test(secret)) return secret;
  } catch (error) {
    throw new StartFailure(`${path} cannot be read or made (${refusal(error)}): correct its owner and rights`, 2);
  }
  throw new StartFailure(`${path} is not as farhand writes it: restore it, or delete it to get a new one`, 2);
}

/** The key that may do everything on this edge. */
export const adminKey = (paths: DataPaths) => keep(paths.adminKey, () => `fh_${randomBytes(32).toString("base64url")}`, /^fh_[\w-]{43}$/);

export const sealKey = (paths: DataPaths) => keep(paths.sealKey, () => randomBytes(32).toString("base64"), /^[A-Za-z0-9+/]{43}=$/);

export const keyHash = (key: string) => createHash("sha256").update(key).digest("hex");
