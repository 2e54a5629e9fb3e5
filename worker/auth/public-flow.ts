// How often one address may put a code to the Fleet through this isolate. Against floods, not against guessing: codes have
// 128 bits, and wrong ones are counted in the Fleet.

const BURST = 200;
const PER_SECOND = 5;
const ADDRESSES = 1_000;

export class PublicFlow {
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  /** 0: go on. Otherwise the milliseconds until the next one may. */
  take(address: string, nowMs: number): number {
    const bucket = this.#buckets.get(address) ?? this.#open(address, nowMs);
    bucket.tokens = Math.min(BURST, bucket.tokens + (Math.max(0, nowMs - bucket.at) / 1000) * PER_SECOND);
    bucket.at = nowMs;
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / PER_SECOND) * 1000);
    bucket.tokens -= 1;
    return 0;
  }

  /** The oldest address is forgotten when there are too many; it begins anew. */
  #open(address: string, nowMs: number): { tokens: number; at: number } {
    const oldest = this.#buckets.keys().next();
    if (this.#buckets.size >= ADDRESSES && !oldest.done) this.#buckets.delete(oldest.value);
    const bucket = { tokens: BURST, at: nowMs };
    this.#buckets.set(address, bucket);
    return bucket;
  }
}
