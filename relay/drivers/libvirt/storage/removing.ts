// Takes volumes away: at once, or when libvirt has ended its work on them. Decides nothing: whether one may go is asked elsewhere.
import { setTimeout as sleep } from "node:timers/promises";
import { VmFailure } from "../../virtual/failure.ts";
import { isLibvirtError, LibvirtError } from "../rpc/errors.ts";
import type { Ask, Session } from "../session.ts";
import type { Volume } from "./contract.ts";
import { orAborted } from "./cancelling.ts";
import type { Places } from "./places.ts";
import type { Pools } from "./pools.ts";

const LIMITS = {
  /** How often and how long a leftover that libvirt still works on is tried. */
  leftoverMs: 2_000,
  leftoverTries: 1_800,
} as const;

/** It may have had its effect, though nobody said so. */
export const isLost = (error: unknown): boolean => error instanceof LibvirtError && error.condition !== "daemon" && error.sent;

/** libvirt's work on the volume is not over, or libvirt is away: later it may go. */
const isForNow = (error: unknown): boolean =>
  isLibvirtError(error, "OPERATION_INVALID") || isLost(error) || (error instanceof VmFailure && error.code === "STORAGE_UNAVAILABLE");

export class VolumeRemoving {
  readonly #session: Session;
  readonly #places: Places;
  readonly #pools: Pools;
  /** Volumes that are still to go, by path. */
  readonly #leftovers = new Map<string, Promise<void>>();

  constructor(session: Session, places: Places, pools: Pools) {
    this.#session = session;
    this.#places = places;
    this.#pools = pools;
  }

  /** One that is not there is a success. */
  async remove(volume: Volume): Promise<void> {
    if (!(await this.#places.isTaken(volume.path))) return;
    const ref = await this.#pools.ready(volume);
    try {
      await this.#session.client.call("storageVolDelete", { volume: ref, flags: 0 });
    } catch (error) {
      // Gone is gone, whoever said so.
      if (!isLost(error) || (await this.#places.isTaken(volume.path))) throw error;
    }
  }

  /** False: not now. */
  async tryRemove(volume: Volume): Promise<boolean> {
    try {
      await this.remove(volume);
      return true;
    } catch (error) {
      if (isForNow(error)) return false;
      throw error;
    }
  }

  /** Takes a volume away once `ended` says that it is one of ours and no more worked on. Returns at once. */
  removeAfter(volume: Volume, ended: Promise<boolean>, log: Ask["log"]): void {
    log("info", `${volume.file} is taken away when libvirt has ended its copy`);
    const gone = this.#removeAfter(volume, ended, log).finally(() => this.#leftovers.delete(volume.path));
    this.#leftovers.set(volume.path, gone);
  }

  /** Never throws. */
  async #removeAfter(volume: Volume, ended: Promise<boolean>, log: Ask["log"]): Promise<void> {
    if (!(await ended)) return;
    for (let tries = 0; tries < LIMITS.leftoverTries; tries += 1) {
      if (await this.tryRemove(volume).catch(() => false)) return log("info", `${volume.file} of a copy that was given up was taken away`);
      await sleep(LIMITS.leftoverMs, undefined, { ref: false });
    }
    log("error", `${volume.file} of a copy that was given up could not be taken away`);
  }

  /** Waits until nothing of a copy that was given up has that name any more. Throws JOB_CANCELLED. */
  async leftoverGone(path: string, { signal, progress }: Ask): Promise<void> {
    const leftover = this.#leftovers.get(path);
    if (!leftover) return;
    progress(0, "Waits for the end of a cancelled copy of that name");
    await orAborted(leftover, signal);
  }
}
