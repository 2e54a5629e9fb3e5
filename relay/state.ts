// What an enrolled relay knows of itself: <state_dir>/relay.json (0600) with the private key that was made on this machine
// and never leaves it. And the lock that lets one relay at a time use a state directory.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { chmod, link, mkdir, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { enrolledSchema, type enrollClaimSchema } from "../protocol/api/shapes.ts";
import { MAX_HOST_NUMBER } from "../protocol/ids.ts";
import { readStat } from "./proc.ts";

const stateSchema = z.strictObject({
  edge_url: z.string().max(2048),
  host: z.string().max(255),
  host_number: z.int().min(1).max(MAX_HOST_NUMBER),
  /** Ed25519, PKCS8 PEM. */
  private_key: z.string().max(1024),
});

export interface RelayState {
  readonly edgeUrl: string;
  readonly host: string;
  readonly hostNumber: number;
  readonly privateKey: KeyObject;
}

/** Message for people, with the remedy. The process ends with exit code 2. */
export class StateError extends Error {
  override readonly name = "StateError";
}

const stateFile = (stateDir: string) => join(stateDir, "relay.json");

/** null: not enrolled. Throws StateError for a file that cannot be used. */
export async function readState(stateDir: string): Promise<RelayState | null> {
  const file = stateFile(stateDir);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return null;
    throw new StateError(`${file} cannot be read (${code ?? "unknown error"}). Check that the relay's user may read it.`, { cause: error });
  }
  try {
    const state = stateSchema.parse(JSON.parse(text));
    const privateKey = createPrivateKey(state.private_key);
    if (privateKey.asymmetricKeyType !== "ed25519") throw new TypeError("not an Ed25519 key");
    return { edgeUrl: state.edge_url, host: state.host, hostNumber: state.host_number, privateKey };
  } catch (error) {
    // The cause would quote the file, which holds the key.
    void error;
    throw new StateError(`${file} is damaged. Remove it and enrol this host again: farhand enroll URL CODE.`);
  }
}

/** Writes a file so that after a crash there is the old one or the new one. 0600. */
async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = await open(temporary, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

/** One that is not new and not empty keeps its rights: it may be anyone's (`/tmp`). Every file in it has its own. */
async function makeStateDir(stateDir: string): Promise<void> {
  try {
    const made = await mkdir(stateDir, { recursive: true, mode: 0o700 });
    if (made === undefined && (await readdir(stateDir)).length === 0) await chmod(stateDir, 0o700);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StateError(
      `${stateDir} cannot be used as state directory (${code ?? "unknown error"}). Name another, or correct its rights.`,
      {
        cause: error,
      },
    );
  }
}

const ENROLL_ATTEMPTS = 5;
const ENROLL_TIMEOUT_MS = 10_000;
const ENROLL_BYTES = 64 * 1024;

type Headers = Readonly<Record<string, string>>;

/** The body, as far as {@link ENROLL_BYTES}. */
async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece as Uint8Array, { stream: true });
    if (text.length > ENROLL_BYTES) break;
  }
  return text;
}

/** Asks once. A status that says no is final; anything else may be a lost answer, and the same key may ask again. */
async function claimCode(
  url: URL,
  claim: z.infer<typeof enrollClaimSchema>,
  headers: Headers,
): Promise<z.infer<typeof enrolledSchema> | null> {
  const response = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(claim),
    redirect: "manual",
    signal: AbortSignal.timeout(ENROLL_TIMEOUT_MS),
  });
  const text = await bounded(response);
  if (response.status >= 500) return null;
  if (response.status !== 201 && response.status !== 200) throw new StateError(refusalOf(response.status, text));
  const parsed = enrolledSchema.safeParse(JSON.parse(text));
  if (!parsed.success) throw new StateError("The edge's answer is not that of a Farhand edge. Check the URL.");
  return parsed.data;
}

function refusalOf(status: number, text: string): string {
  if (status >= 300 && status < 400)
    return "The edge answered with a redirect to a sign-in page: Cloudflare Access stands before it. Give the service token of this host.";
  try {
    const problem = z.object({ detail: z.string().max(500).optional(), title: z.string().max(200) }).parse(JSON.parse(text));
    return `The edge refused the enrolment: ${problem.detail ?? problem.title} Make a new code: farhand hosts enroll NAME.`;
  } catch {
    return `The edge refused the enrolment (HTTP ${status}). Check the URL and the code.`;
  }
}

/**
 * Enrols this machine with a single-use code: makes its key here, sends the public half, writes the state. A lost answer
 * is asked for again with the same key. Throws StateError with the remedy.
 */
export async function enroll(
  edgeUrl: string,
  code: string,
  stateDir: string,
  options: { readonly accessHeaders?: Headers; readonly retryMs?: number } = {},
): Promise<RelayState> {
  await makeStateDir(stateDir);
  const { privateKey } = generateKeyPairSync("ed25519");
  const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" }).toString("base64");
  const url = new URL("link/enroll", edgeUrl.endsWith("/") ? edgeUrl : `${edgeUrl}/`);
  for (let attempt = 1; ; attempt++) {
    const enrolled = await claimCode(url, { code, public_key: publicKey }, options.accessHeaders ?? {}).catch((error: unknown) => {
      if (error instanceof StateError) throw error;
      return null;
    });
    if (enrolled) return saveState(stateDir, { edgeUrl, host: enrolled.host, hostNumber: enrolled.host_number, privateKey });
    if (attempt === ENROLL_ATTEMPTS) throw new StateError(`The edge at ${url.origin} does not answer. Check the URL and the network.`);
    await new Promise((resolve) => setTimeout(resolve, (options.retryMs ?? 500) * attempt));
  }
}

/** Writes relay.json. For `enroll`, and for a start that enrols its own relay. */
export async function saveState(stateDir: string, state: RelayState): Promise<RelayState> {
  await makeStateDir(stateDir);
  const content: z.infer<typeof stateSchema> = {
    edge_url: state.edgeUrl,
    host: state.host,
    host_number: state.hostNumber,
    private_key: state.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
  await writeAtomically(stateFile(stateDir), `${JSON.stringify(content, null, 2)}\n`);
  return state;
}

const lockSchema = z.object({ pid: z.int().min(1), start: z.int().nullable() });

async function isHolder(text: string): Promise<boolean> {
  let held: z.infer<typeof lockSchema>;
  try {
    held = lockSchema.parse(JSON.parse(text));
  } catch {
    return false;
  }
  if (held.pid === process.pid) return true;
  try {
    process.kill(held.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const start = (await readStat(held.pid))?.startTicks ?? null;
  return start === null || held.start === null || start === held.start;
}

/** Takes the state directory for this process; the returned function gives it back. Throws StateError when a living relay has it. */
export async function lockState(stateDir: string): Promise<() => Promise<void>> {
  await makeStateDir(stateDir);
  const file = join(stateDir, "relay.lock");
  const own = `${file}.${process.pid}`;
  const start = (await readStat(process.pid))?.startTicks ?? null;
  await writeAtomically(own, JSON.stringify({ pid: process.pid, start }));
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        await link(own, file);
        return () => unlink(file).catch(() => undefined);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const text = await readFile(file, "utf8").catch(() => "");
      if (await isHolder(text))
        throw new StateError(`Another relay uses ${stateDir}: ${text.slice(0, 100)}. Stop it, or name another state directory.`);
      await unlink(file).catch(() => undefined);
    }
    throw new StateError(`${file} cannot be taken. Try again.`);
  } finally {
    await unlink(own).catch(() => undefined);
  }
}
