// Which lane of a host an exchange takes, what this isolate has open on each, and the words that a lane is asked with.
import { LIMITS } from "../../protocol/limits.ts";
import type { Open, OpenOf } from "../../protocol/link/lane.ts";
import type { Reader } from "../auth/reader.ts";
import type { Env } from "../env.ts";
import type { SnapshotHost } from "../fleet/contract.ts";
import { CHANNEL_HEADER, laneName, OPEN_HEADER, READER_HEADER } from "../lane/contract.ts";
import { watch } from "../lane/watch.ts";

/** Exchanges that a Worker of this isolate passes itself. A lane in the same isolate counts its own. */
const passed = new Map<string, number>();

const openOn = (lane: string): number => (passed.get(lane) ?? 0) + watch.openOn(lane);

export function countPassed(lane: string, change: 1 | -1): void {
  const count = (passed.get(lane) ?? 0) + change;
  if (count > 0) passed.set(lane, count);
  else passed.delete(lane);
}

/** Exchanges with a host that this isolate has open, sockets included. */
export function inFlight(hostNumber: number): number {
  let sum = 0;
  for (let lane = 1; lane <= LIMITS.lanes; lane++) sum += openOn(laneName(hostNumber, lane));
  return sum;
}

/** The lane with the fewest open exchanges, as this isolate knows them; among equals one by chance. */
export function pickLane({ number, lanes }: Pick<SnapshotHost, "number" | "lanes">): string {
  if (lanes <= 1) return laneName(number, 1);
  const first = Math.floor(Math.random() * lanes);
  let best = laneName(number, first + 1);
  for (let step = 1; step < lanes; step++) {
    const name = laneName(number, ((first + step) % lanes) + 1);
    if (openOn(name) < openOn(best)) best = name;
  }
  return best;
}

/** A new stub each time: one that failed stays broken. */
export const laneObject = (env: Env, name: string): Pick<DurableObjectStub, "fetch"> => env.LANE.getByName(name);

/** The host part of the address means nothing. */
export const CHANNEL_URL = "http://lane/channel";

const cell = new Uint32Array(1);

/** Random, so that an object that was reset cannot give out one that still lives. */
export function newChannel(): number {
  do crypto.getRandomValues(cell);
  while (cell[0] === 0);
  return cell[0]!;
}

export const openHeaders = (channel: number, open: Open): Record<string, string> => ({
  [CHANNEL_HEADER]: String(channel),
  [OPEN_HEADER]: encodeURIComponent(JSON.stringify(open)),
});

/** What every open says beside what it asks for. */
export const asking = (principal: string, requestId: string): Pick<OpenOf<"http">, "principal" | "request_id" | "detach_ms"> => ({
  principal: principal.slice(0, PRINCIPAL_CHARS),
  request_id: requestId,
  detach_ms: LIMITS.detachMs,
});
const PRINCIPAL_CHARS = 400;

export const readerHeader = (reader: Reader): Record<string, string> => ({
  [READER_HEADER]: encodeURIComponent(JSON.stringify(reader)),
});
