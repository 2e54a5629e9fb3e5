// Who reads which channel, where the Worker and the Lane objects share an isolate (embedded): the Worker is not asked for the
// bytes of an answer that it passes untouched, so the object asks for it whether the reader still may.

/** Answers whether the reader still may. Called with the object's own context. */
export type StillAllowed = (ctx: Pick<ExecutionContext, "waitUntil">) => Promise<boolean>;

const readers = new Map<number, StillAllowed>();
const open = new Map<string, number>();

export const watch = {
  /** Before the channel is opened. */
  add(channel: number, allowed: StillAllowed): void {
    readers.set(channel, allowed);
  },
  get: (channel: number): StillAllowed | undefined => readers.get(channel),
  /** The channel is over, or was never opened. */
  remove(channel: number): void {
    readers.delete(channel);
  },
  /** Channels that a lane in this isolate has open; 0 for one that lives elsewhere. */
  openOn: (lane: string): number => open.get(lane) ?? 0,
  count(lane: string, channels: number): void {
    if (channels === 0) open.delete(lane);
    else open.set(lane, channels);
  },
};
