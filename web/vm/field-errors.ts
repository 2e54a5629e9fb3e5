// What the server says is wrong, by the field of the form: pointers of a route's body and of a job's specification mean the same.
import { useEffect, useRef } from "preact/hooks";
import { ApiProblem } from "../api/client.ts";
import type { Work } from "./use-change.ts";

export type ErrorsAt = (pointer: string) => readonly string[];

export const fieldOf = (pointer: string): string => pointer.replace(/^\/resource_spec(?=\/|$)/, "");

export function errorsIn(work: Work | null): ErrorsAt {
  const errors = work?.error instanceof ApiProblem ? work.error.errors : [];
  return (pointer) => errors.filter((error) => fieldOf(error.pointer) === pointer).map(({ message }) => message);
}

/** A form that was refused shows where: the first field that is wrong, its fold opened; else what was said of the whole, or what was left. */
export function useShown(work: Work | null) {
  const form = useRef<HTMLFormElement>(null);
  const error = work?.error ?? null;
  const left = (work?.done?.not_changed.length ?? 0) > 0 ? work!.done : null;
  useEffect(() => {
    if ((!error && !left) || !form.current) return;
    const field = form.current.querySelector(".field-error");
    const fold = field?.closest("details");
    if (fold) fold.open = true;
    const shown = field ?? form.current.querySelector(".vm-failure, .bad-state");
    shown?.scrollIntoView({ block: "center" });
    field?.closest(".field")?.querySelector<HTMLElement>("input, select, textarea")?.focus({ preventScroll: true });
  }, [error, left]);
  return form;
}
