// A list that comes in pages: the first by itself, the next ones on demand.
import { useEffect, useState } from "preact/hooks";
import { get, queryOf } from "../api/client.ts";
import { useResource, type Resource } from "../api/resource.ts";

interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

export interface Paged<T> {
  readonly first: Resource<Page<T>>;
  readonly items: readonly T[];
  /** null: that is all of them. */
  readonly more: (() => void) | null;
  readonly isLoadingMore: boolean;
  readonly error: Error | null;
}

export function usePaged<T>(path: string, query: Readonly<Record<string, string | number>>): Paged<T> {
  const key = `${path} ${JSON.stringify(query)}`;
  const first = useResource(key, (signal) => get<Page<T>>(path + queryOf(query), signal));
  const [rest, setRest] = useState<readonly Page<T>[]>([]);
  const [error, setError] = useState<Error | null>(null);
  const [isLoadingMore, setIsLoadingMore] = useState(false);
  useEffect(() => setRest([]), [key, first.data]);
  const last = rest.at(-1) ?? first.data;
  const load = async (cursor: string) => {
    setIsLoadingMore(true);
    try {
      const page = await get<Page<T>>(path + queryOf({ ...query, cursor }));
      setRest((before) => [...before, page]);
      setError(null);
    } catch (error) {
      setError(error as Error);
    }
    setIsLoadingMore(false);
  };
  const cursor = last?.next_cursor ?? null;
  const items = [...(first.data?.items ?? []), ...rest.flatMap((page) => page.items)];
  return { first, items, more: cursor === null ? null : () => void load(cursor), isLoadingMore, error };
}
