// A value that parts of the page watch. Nothing here knows what the values mean.
import { useEffect, useState } from "preact/hooks";

export interface Store<T> {
  get(): T;
  /** Tells watchers only when the value is another one. */
  set(value: T): void;
  watch(told: (value: T) => void): () => void;
}

export function storeOf<T>(first: T): Store<T> {
  let value = first;
  const watchers = new Set<(value: T) => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const told of watchers) told(next);
    },
    watch(told) {
      watchers.add(told);
      return () => void watchers.delete(told);
    },
  };
}

export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    setValue(() => store.get());
    return store.watch((next) => setValue(() => next));
  }, [store]);
  return value;
}
