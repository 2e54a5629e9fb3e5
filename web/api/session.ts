// Who is signed in, and what that allows. Judged by the same function as the edge does (protocol/access.ts): only to offer what will
// work; the edge decides.
import type { z } from "zod";
import { allowsFleet, allowsOperation, allowsUse, roleForRisk, USES, type Use } from "../../protocol/access.ts";
import type { Host, meSchema, operationSchema } from "../../protocol/api/shapes.ts";
import { useStore, storeOf } from "../store.ts";
import { get } from "./client.ts";

export type Me = z.infer<typeof meSchema>;
export type Operation = z.infer<typeof operationSchema>;

export const session = storeOf<Me | null>(null);

/** Another tab may have signed in somebody else: what this page holds is not theirs to see. */
export async function loadSession(): Promise<void> {
  const [before, me] = [session.get(), await get<Me>("/api/v1/me")];
  if (before && before.principal !== me.principal) return location.reload();
  session.set(me);
}

/** Of a page that is shown only when someone is signed in. */
export function useMe(): Me {
  const me = useStore(session);
  if (!me) throw new Error("nobody is signed in");
  return me;
}

export const isAdmin = (me: Me): boolean => allowsFleet(me.grants, "admin");
export const mayRun = (me: Me, host: Host, operation: Pick<Operation, "name" | "risk">): boolean =>
  allowsOperation(me.grants, host, roleForRisk(operation.risk), operation.name);
export const mayUseOn = (me: Me, host: Host, use: Use): boolean => allowsUse(me.grants, host, { use, role: USES[use] });
/** Somewhere: which hosts is looked at there. */
export const mayUse = (me: Me, use: Use): boolean =>
  me.grants.some((grant) => allowsUse([{ ...grant, hosts: ["*"] }], { id: "", name: "", labels: [] }, { use, role: USES[use] }));
