// Who a page is for, when another tab of the same browser signs in somebody else.
import { afterEach, expect, it, vi } from "vitest";
import { loadSession, session } from "../../web/api/session.ts";

afterEach(() => vi.unstubAllGlobals());

it("is asked for again, and a page of another one is loaded anew", async () => {
  const reload = vi.fn();
  vi.stubGlobal("location", { reload });
  const signIn = (principal: string) => vi.stubGlobal("fetch", async () => Response.json({ principal, grants: [] }));
  signIn("ann");
  await loadSession();
  await loadSession();
  expect([session.get()?.principal, reload.mock.calls.length]).toEqual(["ann", 0]);
  signIn("bob");
  await loadSession();
  expect([session.get()?.principal, reload.mock.calls.length]).toEqual(["ann", 1]);
});
