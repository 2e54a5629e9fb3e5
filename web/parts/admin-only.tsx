// A screen of administration, for those who may not see it: says so instead of failing.
import type { ComponentChildren } from "preact";
import { isAdmin, useMe } from "../api/session.ts";
import { Empty } from "./states.tsx";

export function AdminOnly({ children }: { readonly children: ComponentChildren }) {
  const me = useMe();
  if (isAdmin(me)) return <>{children}</>;
  return (
    <Empty title="For admins">
      <p>This takes a grant of role admin on all hosts. An admin can give you one.</p>
    </Empty>
  );
}
