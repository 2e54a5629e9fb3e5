// Many things asked for side by side, but never all at once: calls to libvirt and open files are bounded.

/** Calls that wait for libvirt have a bound of their own (RPC_LIMITS), and each of these makes a few. */
const SIZE = 64;

/** In the order of the items. Rejects with the first failure. */
export async function inBatches<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += SIZE) results.push(...(await Promise.all(items.slice(at, at + SIZE).map(act))));
  return results;
}
