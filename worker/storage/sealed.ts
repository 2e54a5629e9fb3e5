// Sealing of secrets at rest: AES-256-GCM under the Worker's SEAL_KEY, bound to what they belong to. Synchronous, so that a
// sealed secret is in the same write as its job. Knows no table.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { AppError } from "../../protocol/errors.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

export class Sealer {
  readonly #key: Uint8Array | null;

  /** `sealKey`: 32 bytes in base64. Anything else seals nothing: {@link seal} and {@link open} throw SEAL_KEY_MISSING. */
  constructor(sealKey: string | undefined) {
    const key = Buffer.from(sealKey ?? "", "base64");
    this.#key = key.length === KEY_BYTES ? key : null;
  }

  get available(): boolean {
    return this.#key !== null;
  }

  #need(): Uint8Array {
    if (!this.#key) throw new AppError("SEAL_KEY_MISSING");
    return this.#key;
  }

  /** `value`: anything JSON holds. `owner` (a job's id) must be the same to open it: a blob moved to another row does not open. */
  seal(value: unknown, owner: string): Uint8Array {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#need(), nonce);
    cipher.setAAD(Buffer.from(owner));
    const text = cipher.update(Buffer.from(JSON.stringify(value)));
    return Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws SEAL_KEY_MISSING without a key, and SEAL_OPEN_FAILED for another key, another owner or changed bytes. */
  open(blob: Uint8Array, owner: string): unknown {
    const key = this.#need();
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, blob.subarray(0, NONCE_BYTES));
      decipher.setAAD(Buffer.from(owner));
      decipher.setAuthTag(blob.subarray(blob.length - TAG_BYTES));
      const text = Buffer.concat([decipher.update(blob.subarray(NONCE_BYTES, blob.length - TAG_BYTES)), decipher.final()]);
      return JSON.parse(text.toString("utf8")) as unknown;
    } catch (error) {
      throw new AppError("SEAL_OPEN_FAILED", {}, { cause: error });
    }
  }
}
