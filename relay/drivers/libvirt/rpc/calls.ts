// The calls of one connection: serial numbers, places at the daemon, deadlines, answers. Sends through a function and knows no
// socket, so it can be driven with any bytes.
import { LibvirtError } from "./errors.ts";
import { RPC_LIMITS } from "./limits.ts";
import { buildMessage, HEADER_BYTES, MESSAGE_STATUS, MESSAGE_TYPE, type Header } from "./message.ts";
import { procedure, type ArgsOf, type ProcedureName, type ResultOf } from "./procedures.ts";
import { remoteError } from "./types.ts";
import { XdrError, XdrReader } from "./xdr.ts";

export interface CallOptions {
  /** Milliseconds until `timeout`; by the procedure's pace without. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

interface Pending {
  readonly name: ProcedureName;
  readonly serial: number;
  readonly bytes: Buffer;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: LibvirtError) => void;
  readonly release: () => void;
}

/** An error as the daemon sent it. */
export function daemonError(payload: XdrReader, name: ProcedureName): LibvirtError {
  const error = remoteError.read(payload);
  return new LibvirtError("daemon", (error.message ?? "libvirt gave no message").slice(0, 2_000), {
    procedure: name,
    number: error.number,
    domain: error.domain,
  });
}

export class CallTable {
  readonly #send: (bytes: Buffer) => void;
  /** Called when each place at the daemon is held by a call that was given up: only a new connection frees them. */
  readonly #onStuck: () => void;
  readonly #waiting: Pending[] = [];
  /** By serial. null: given up, but the daemon still works on it. */
  readonly #atDaemon = new Map<number, Pending | null>();
  #lastSerial = 0;
  #ended: LibvirtError | null = null;

  constructor(send: (bytes: Buffer) => void, onStuck: () => void) {
    this.#send = send;
    this.#onStuck = onStuck;
  }

  /** Calls that wait or run. */
  get size(): number {
    return this.#waiting.length + this.#atDaemon.size;
  }

  /** Resolves with the result; rejects with LibvirtError and nothing else. `onSerial` says under which number a stream will run. */
  call<N extends ProcedureName>(
    name: N,
    args: ArgsOf<N>,
    options: CallOptions = {},
    onSerial?: (serial: number) => void,
  ): Promise<ResultOf<N>> {
    return new Promise((resolve, reject) => {
      const refuse = (error: LibvirtError) => reject(error);
      if (this.#ended) return refuse(new LibvirtError("disconnected", this.#ended.message, { procedure: name, sent: false }));
      if (options.signal?.aborted) return refuse(new LibvirtError("cancelled", "cancelled", { procedure: name, sent: false }));
      if (this.#waiting.length >= RPC_LIMITS.callsWaiting)
        return refuse(new LibvirtError("busy", "too many calls wait for libvirt", { procedure: name, sent: false }));
      this.#lastSerial = this.#lastSerial >= 0xffff_ffff ? 1 : this.#lastSerial + 1;
      const serial = this.#lastSerial;
      try {
        const bytes = encodeCall(name, serial, args);
        onSerial?.(serial);
        this.#enqueue({
          name,
          serial,
          bytes,
          resolve: resolve as (result: unknown) => void,
          reject,
          release: this.#guard(serial, name, options),
        });
      } catch (cause) {
        refuse(new LibvirtError("argument", "an argument does not fit its type", { procedure: name, sent: false, cause }));
      }
    });
  }

  /** Deadline and cancellation of a call; the function that is given back withdraws both. */
  #guard(serial: number, name: ProcedureName, options: CallOptions): () => void {
    const ms = options.timeoutMs ?? (procedure(name).pace === "quick" ? RPC_LIMITS.quickTimeoutMs : RPC_LIMITS.slowTimeoutMs);
    const timer = setTimeout(() => this.#giveUp(serial, "timeout", `libvirt did not answer within ${ms} ms`), ms);
    const cancel = () => this.#giveUp(serial, "cancelled", "cancelled");
    options.signal?.addEventListener("abort", cancel, { once: true });
    return () => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", cancel);
    };
  }

  #enqueue(pending: Pending): void {
    if (this.#atDaemon.size < RPC_LIMITS.callsAtDaemon) this.#dispatch(pending);
    else this.#waiting.push(pending);
  }

  #dispatch(pending: Pending): void {
    this.#atDaemon.set(pending.serial, pending);
    this.#send(pending.bytes);
  }

  #giveUp(serial: number, condition: "timeout" | "cancelled", message: string): void {
    const running = this.#atDaemon.get(serial);
    const index = running ? -1 : this.#waiting.findIndex((pending) => pending.serial === serial);
    const pending = running ?? this.#waiting[index];
    if (!pending) return;
    if (running) this.#atDaemon.set(serial, null);
    else this.#waiting.splice(index, 1);
    pending.release();
    pending.reject(new LibvirtError(condition, message, { procedure: pending.name, sent: Boolean(running) }));
    const all = [...this.#atDaemon.values()];
    if (all.length >= RPC_LIMITS.callsAtDaemon && all.every((call) => call === null)) this.#onStuck();
  }

  /** Takes an answer. Throws XdrError when nothing here asked for it. */
  reply(header: Header, message: Buffer): void {
    const pending = this.#atDaemon.get(header.serial);
    if (pending === undefined) throw new XdrError("an answer to no call");
    if (pending && procedure(pending.name).number !== header.procedure) throw new XdrError("an answer of another procedure");
    this.#atDaemon.delete(header.serial);
    const next = this.#waiting.shift();
    if (next) this.#dispatch(next);
    if (!pending) return;
    pending.release();
    settle(pending, header, new XdrReader(message, HEADER_BYTES));
  }

  /** The connection is gone: every call ends, later ones are refused. */
  end(error: LibvirtError): void {
    if (this.#ended) return;
    this.#ended = error;
    const fail = (pending: Pending, sent: boolean) => {
      pending.release();
      pending.reject(new LibvirtError(error.condition, error.message, { procedure: pending.name, sent, cause: error }));
    };
    for (const pending of this.#atDaemon.values()) if (pending) fail(pending, true);
    for (const pending of this.#waiting) fail(pending, false);
    this.#atDaemon.clear();
    this.#waiting.length = 0;
  }
}

function encodeCall(name: ProcedureName, serial: number, args: unknown): Buffer {
  const entry = procedure(name);
  const header = { program: entry.program, procedure: entry.number, type: MESSAGE_TYPE.call, serial, status: MESSAGE_STATUS.ok };
  return buildMessage(header, (writer) => entry.args.write(writer, args));
}

/** A payload that does not fit fails its call only: framing is still sound. */
function settle(pending: Pending, header: Header, payload: XdrReader): void {
  try {
    if (header.status === MESSAGE_STATUS.error) return pending.reject(daemonError(payload, pending.name));
    if (header.status !== MESSAGE_STATUS.ok) throw new XdrError("not a status of an answer");
    const result = procedure(pending.name).result.read(payload);
    payload.end();
    pending.resolve(result);
  } catch (cause) {
    pending.reject(new LibvirtError("protocol", "libvirt's answer is not of its type", { procedure: pending.name, cause }));
  }
}
