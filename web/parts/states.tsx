// The four faces of anything that is loaded: loading, empty, failed, offline. With data, it is shown, stale or not.
import type { ComponentChildren } from "preact";
import { ApiProblem, Unreachable } from "../api/client.ts";
import { retryNow } from "../api/connection.ts";
import type { Resource } from "../api/resource.ts";

export function Loading({ what = "Loading…" }: { readonly what?: string }) {
  return (
    <p class="state" role="status">
      <span class="spinner" aria-hidden="true" /> {what}
    </p>
  );
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="state empty">
      <p class="state-title">{title}</p>
      {children}
    </div>
  );
}

/** Remedies are written with Markdown's code marks. */
export function Prose({ text }: { readonly text: string }) {
  return <>{text.split("`").map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}</>;
}

export function Failure({ error, retry }: { readonly error: Error; readonly retry?: () => void }) {
  if (error instanceof Unreachable)
    return (
      <div class="state" role="alert">
        <p class="state-title">Offline</p>
        <p>{error.message} This is shown as soon as the connection is back.</p>
        <button class="plain" onClick={() => (retryNow(), retry?.())}>
          Try now
        </button>
      </div>
    );
  const { code, remedy } = error instanceof ApiProblem ? error : { code: "", remedy: "" };
  return (
    <div class="state bad-state" role="alert">
      <p class="state-title">
        <Prose text={error.message} />
      </p>
      {remedy && (
        <p>
          <Prose text={remedy} />
        </p>
      )}
      {code && <p class="soft small">{code}</p>}
      {retry && (
        <button class="plain" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

interface LoadedProps<T> {
  readonly of: Resource<T>;
  readonly children: (data: T) => ComponentChildren;
}

/** What was loaded, or why it is not there. A failed reload is said above what is known. */
export function Loaded<T>({ of, children }: LoadedProps<T>) {
  if (of.data === null) return of.error ? <Failure error={of.error} retry={of.reload} /> : <Loading />;
  const isStale = of.error !== null && !(of.error instanceof Unreachable);
  return (
    <>
      {isStale && of.error && <Failure error={of.error} retry={of.reload} />}
      {children(of.data)}
    </>
  );
}
