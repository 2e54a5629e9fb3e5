// One verb's connection to its edge, and reading lists page by page.
import { Client } from "./client.ts";
import { findTarget } from "./profile.ts";

/** Runs `work` against the edge that is set or remembered. */
export async function withEdge<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(findTarget());
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

export interface List<T> {
  readonly items: T[];
  readonly next_cursor: string | null;
}

const PAGE_ITEMS = 200;

/** The first `count` items of a list, over as many pages as that takes. */
export async function readList<T>(
  client: Client,
  path: string,
  count: number,
  query: Readonly<Record<string, string | undefined>> = {},
): Promise<List<T>> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: List<T> = await client.get(path, {
      ...query,
      limit: Math.min(PAGE_ITEMS, count - items.length),
      cursor: cursor ?? undefined,
    });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null && items.length < count);
  return { items, next_cursor: cursor };
}

export const segment = (text: string): string => encodeURIComponent(text);
