// How a change fares, where it was asked for: what is being done and how far, or what went wrong and what to do.
import { ApiProblem } from "../api/client.ts";
import { fieldOf } from "./field-errors.ts";
import { Icon } from "../parts/icon.tsx";
import { Failure, Prose } from "../parts/states.tsx";
import { pathTo } from "../routes.ts";
import type { Change, Work } from "./use-change.ts";

function Busy({ work }: { readonly work: Work }) {
  const { what, progress, job } = work;
  const percent = progress?.percent ?? null;
  return (
    <div class="vm-work" role="status">
      <span>
        <span class="spinner" aria-hidden="true" /> {what}…{percent === null ? "" : ` ${Math.round(percent)} %`}
        {progress?.message ? <span class="soft small block">{progress.message}</span> : null}
      </span>
      {percent !== null && <progress aria-label={what} value={percent} max={100} />}
      {job && <a href={pathTo("job", { id: job })}>Its job</a>}
    </div>
  );
}

function Left({ work }: { readonly work: Work }) {
  const left = work.done?.not_changed ?? [];
  if (left.length === 0) return null;
  return (
    <div class="state bad-state" role="alert">
      <p class="state-title">Done in part</p>
      <ul class="plain-list">
        {left.map(({ field, message }) => (
          <li key={field}>
            <code>{field}</code> {message}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Errors of fields stand beside them in a form; all of them are listed here too, so that none is missed. */
export function WorkLine({ change }: { readonly change: Change }) {
  const { work } = change;
  if (!work) return null;
  if (work.isBusy) return <Busy work={work} />;
  if (!work.error) return <Left work={work} />;
  const errors = work.error instanceof ApiProblem ? work.error.errors : [];
  return (
    <div class="vm-failure">
      <Failure error={work.error} />
      {errors.length > 0 && (
        <ul class="wrong-list">
          {errors.map(({ pointer, message }) => (
            <li key={pointer}>
              <code>{fieldOf(pointer).slice(1)}</code> <Prose text={message} />
            </li>
          ))}
        </ul>
      )}
      <button class="icon-button" type="button" aria-label="Dismiss" onClick={change.clear}>
        <Icon name="close" />
      </button>
    </div>
  );
}
