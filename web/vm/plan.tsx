// What a change would do, shown before one that needs a restart or loses something; any other is made at once.
import { useState } from "preact/hooks";
import { Dialog } from "../parts/dialog.tsx";
import { sizeOf } from "../parts/format.ts";
import type { ChangeRequest, Done } from "./change.ts";
import { HoldButton } from "./hold.tsx";
import type { Change } from "./use-change.ts";

export interface Wish {
  /** As people say it: `Deleting disk0`. */
  readonly what: string;
  readonly title: string;
  readonly request: ChangeRequest;
  /** What the button of the plan does, as a verb. */
  readonly action: string;
  /** What is lost; absent: nothing. */
  readonly loses?: string;
  readonly onDone?: (done: Done) => void;
}

export interface Planned {
  readonly asked: { readonly wish: Wish; readonly plan: Done } | null;
  /** Nothing would change: what was wished is so already. */
  readonly isSo: boolean;
  readonly wish: (wish: Wish) => Promise<void>;
  readonly apply: () => void;
  readonly leave: () => void;
}

export function usePlanned(change: Change): Planned {
  const [asked, setAsked] = useState<Planned["asked"]>(null);
  const [isSo, setIsSo] = useState(false);
  const run = async (wish: Wish) => {
    const done = await change.run(wish.what, wish.request);
    if (done) wish.onDone?.(done);
  };
  return {
    asked,
    isSo,
    async wish(wish) {
      setIsSo(false);
      const plan = await change.plan(wish.request);
      if (!plan) return;
      if (wish.loses !== undefined || plan.needs_restart) setAsked({ wish, plan });
      else if (plan.changes.length === 0 && plan.changed.length === 0) setIsSo(true);
      else await run(wish);
    },
    apply() {
      if (asked) void run(asked.wish);
      setAsked(null);
    },
    leave: () => setAsked(null),
  };
}

/** A value of a plan, short enough for a phone. */
function valueText(value: unknown, field = ""): string {
  if (value === null || value === undefined || value === "") return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number" && field.endsWith("_bytes")) return sizeOf(value);
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map((item) => valueText(item)).join(", ");
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

function Changes({ plan }: { readonly plan: Done }) {
  if (plan.changes.length === 0) return null;
  return (
    <ul class="plain-list plan">
      {plan.changes.map(({ field, from, to, needs_restart }) => (
        <li key={field}>
          <code>{field}</code> {valueText(from, field)} → <strong>{valueText(to, field)}</strong>
          {needs_restart && <span class="soft small block">when it was off once</span>}
        </li>
      ))}
    </ul>
  );
}

export function PlanDialog({ planned }: { readonly planned: Planned }) {
  const { asked, apply, leave } = planned;
  if (!asked) return planned.isSo ? <p role="status">That is so already: nothing to change.</p> : null;
  const { wish, plan } = asked;
  return (
    <Dialog title={wish.title} onClose={leave}>
      <p>This is what it would do:</p>
      <Changes plan={plan} />
      {plan.not_changed.length > 0 && (
        <ul class="wrong-list">
          {plan.not_changed.map(({ field, message }) => (
            <li key={field}>
              <code>{field}</code> {message}
            </li>
          ))}
        </ul>
      )}
      {plan.needs_restart && <p>Some of it applies only when the machine was off once; it is not restarted now.</p>}
      {wish.loses !== undefined && <p>{wish.loses}</p>}
      <div class="buttons">
        {wish.loses === undefined ? (
          <button type="button" onClick={apply}>
            {wish.action}
          </button>
        ) : (
          <HoldButton action={wish.action} warning={wish.loses} onHeld={apply} />
        )}
        <button class="plain" type="button" autoFocus onClick={leave}>
          Leave it
        </button>
      </div>
    </Dialog>
  );
}
