// The end of a paged list.
import type { Paged } from "./paged.ts";
import { Failure } from "./states.tsx";

export function MoreButton<T>({ of }: { readonly of: Paged<T> }) {
  return (
    <>
      {of.error && <Failure error={of.error} />}
      {of.more && (
        <button class="plain wide" disabled={of.isLoadingMore} onClick={of.more}>
          {of.isLoadingMore ? "Loading…" : "Older ones"}
        </button>
      )}
    </>
  );
}
