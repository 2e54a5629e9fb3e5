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

/** The first `count` items of a list, over as many pages as that takes, with what the last page says beside them. */
export async function readList<T, More extends object = object>(
  client: Client,
  path: string,
  count: number,
  query: Readonly<Record<string, string | undefined>> = {},
): Promise<List<T> & More> {
  const items: T[] = [];
  for (let cursor: string | undefined; ;) {
    const limit = Math.min(PAGE_ITEMS, count - items.length);
    const page: List<T> & More = await client.get(path, { ...query, limit, cursor });
    items.push(...page.items);
    if (page.next_cursor === null || items.length >= count) return { ...page, items };
    cursor = page.next_cursor;
  }
}

export const segment = (text: string): string => encodeURIComponent(text);
