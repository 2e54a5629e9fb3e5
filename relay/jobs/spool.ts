// Output of jobs on disk, under <dir>/<job id>/{stdout,stderr}: capped for each job and in all, read by range. What is
// acknowledged goes first when room is needed. Output is written without fsync: a lost machine may lose it, a killed relay not.
import { constants } from "node:fs";
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ulidSchema } from "../../protocol/ids.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { STREAMS, type StreamName } from "../../protocol/link/records.ts";
import { SpoolStream, TAIL_BYTES, TAIL_HEADER_BYTES, tailName } from "./spool-stream.ts";

export interface SpoolOptions {
  readonly dir: string;
  /** All jobs together. */
  readonly totalBytes?: number;
  /** Jobs whose output is kept. */
  readonly jobs?: number;
  readonly onError: (error: Error) => void;
}

/** What is kept of a stream: bytes before `head`, and from `tailStart` to `total`. `total` is 0 when nothing is known. */
export interface Extent {
  readonly head: number;
  readonly tailStart: number;
  readonly total: number;
}

const TOTAL_BYTES = 4 * 1024 ** 3;
const JOBS = 10_000;
/** The file's part; the rest of the cap is for the two tails. */
const HEAD_BYTES = LIMITS.spoolJobBytes - STREAMS.length * TAIL_BYTES;
const NOTHING = new Uint8Array(0);

interface Kept {
  bytes: number;
  acknowledged: boolean;
}

export class SpoolJob {
  readonly streams: Readonly<Record<StreamName, SpoolStream>>;
  readonly #finished: () => void;

  constructor(streams: Record<StreamName, SpoolStream>, finished: () => void) {
    this.streams = streams;
    this.#finished = finished;
  }

  get hasOutput(): boolean {
    return this.streams.stdout.total + this.streams.stderr.total > 0;
  }

  /** All output is on disk as far as it is kept. Reads go on. */
  async finish(): Promise<void> {
    for (const stream of STREAMS) if (this.streams[stream].total > 0) await this.streams[stream].finish();
    this.#finished();
  }
}

export class Spool {
  readonly #options: SpoolOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #live = new Map<string, SpoolJob>();
  #bytes = 0;

  /** Finds what is there. `unacknowledged` says of which jobs it must not go. */
  static async open(options: SpoolOptions, unacknowledged: ReadonlySet<string>): Promise<Spool> {
    const spool = new Spool(options);
    await mkdir(options.dir, { recursive: true, mode: 0o700 });
    const names = (await readdir(options.dir)).filter((name) => ulidSchema.safeParse(name).success).sort();
    for (const name of names) {
      const sizes = await Promise.all([...STREAMS, ...STREAMS.map(tailName)].map((file) => sizeOf(join(options.dir, name, file))));
      spool.#count(
        name,
        sizes.reduce((sum, size) => sum + size, 0),
      );
      spool.#kept.get(name)!.acknowledged = !unacknowledged.has(name);
    }
    spool.#makeRoom(0);
    return spool;
  }

  private constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** The output of a job that begins now. Makes nothing on disk before there is output. */
  begin(jobId: string): SpoolJob {
    const dir = join(this.#options.dir, jobId);
    let left = HEAD_BYTES;
    const reserve = (bytes: number) => {
      const allowed = Math.min(bytes, left, this.#makeRoom(bytes));
      left -= allowed;
      if (allowed > 0) this.#count(jobId, allowed);
      return allowed;
    };
    const streamOf = (stream: StreamName) => new SpoolStream({ dir, stream, reserve, onError: this.#options.onError });
    const job = new SpoolJob({ stdout: streamOf("stdout"), stderr: streamOf("stderr") }, () => this.#live.delete(jobId));
    this.#live.set(jobId, job);
    return job;
  }

  /** The output of a job that has not ended. */
  live(jobId: string): SpoolJob | undefined {
    return this.#live.get(jobId);
  }

  acknowledged(jobId: string): void {
    const kept = this.#kept.get(jobId);
    if (kept) kept.acknowledged = true;
  }

  async extent(jobId: string, stream: StreamName): Promise<Extent> {
    const live = this.#live.get(jobId)?.streams[stream];
    if (live) return { head: live.head, tailStart: live.tailStart, total: live.total };
    const head = await sizeOf(join(this.#options.dir, jobId, stream));
    const file = join(this.#options.dir, jobId, tailName(stream));
    const header = await readFileRange(file, 0, TAIL_HEADER_BYTES);
    if (header.length < TAIL_HEADER_BYTES) return { head, tailStart: head, total: head };
    const tailStart = Number(Buffer.from(header).readBigUInt64BE());
    return { head, tailStart, total: tailStart + (await sizeOf(file)) - TAIL_HEADER_BYTES };
  }

  /** At most `length` bytes from `offset`; none where none are kept. Never rejects for what is merely not there. */
  async read(jobId: string, stream: StreamName, offset: number, length: number): Promise<Uint8Array> {
    const live = this.#live.get(jobId)?.streams[stream];
    if (live && offset >= live.head) return offset >= live.tailStart ? live.readTail(offset, length) : NOTHING;
    await live?.written();
    const bytes = await readFileRange(join(this.#options.dir, jobId, stream), offset, length);
    if (live || bytes.length > 0) return bytes;
    const { tailStart, total } = await this.extent(jobId, stream);
    if (offset < tailStart || offset >= total) return NOTHING;
    return readFileRange(join(this.#options.dir, jobId, tailName(stream)), TAIL_HEADER_BYTES + offset - tailStart, length);
  }

  #count(jobId: string, bytes: number): void {
    const kept = this.#kept.get(jobId);
    if (kept) kept.bytes += bytes;
    else this.#kept.set(jobId, { bytes, acknowledged: false });
    this.#bytes += bytes;
  }

  /** How many of `wanted` bytes there is room for, after the oldest acknowledged jobs went. */
  #makeRoom(wanted: number): number {
    const limit = this.#options.totalBytes ?? TOTAL_BYTES;
    const jobs = this.#options.jobs ?? JOBS;
    if (this.#bytes + wanted > limit || this.#kept.size > jobs)
      for (const [jobId, kept] of this.#kept) {
        if (this.#bytes + wanted <= limit && this.#kept.size <= jobs) break;
        if (kept.acknowledged) this.#evict(jobId, kept);
      }
    return Math.max(0, Math.min(wanted, limit - this.#bytes));
  }

  #evict(jobId: string, kept: Kept): void {
    this.#kept.delete(jobId);
    this.#bytes -= kept.bytes;
    rm(join(this.#options.dir, jobId), { recursive: true, force: true }).catch(this.#options.onError);
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    (found) => found.size,
    () => 0,
  );
}

async function readFileRange(file: string, position: number, length: number): Promise<Uint8Array> {
  // What a job's program may have put there in place of the file is not followed. Windows has no such flag.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)).catch(() => null);
  if (!handle) return NOTHING;
  try {
    const buffer = Buffer.allocUnsafeSlow(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await handle.close();
  }
}
