// An interactive terminal, from a lane's open to a viewer of a pane: made or found, allowed by relay.toml, within the limits.
import type { OpenOf } from "../../../protocol/link/lane.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { terminalIdSchema } from "../../../protocol/operations/terminal.ts";
import type { Allowance } from "../../config.ts";
import type { Serve } from "../../streams/contract.ts";
import type { Parts } from "./driver.ts";
import { LIMIT_REACHED, type Found, type Pane } from "./sessions.ts";
import { Viewer } from "./viewer.ts";

/** `t-…`, or `t-….7` for one pane of it. */
function placeIn(text: string): { terminal: string; pane?: number } | null {
  const [, terminal, pane] = /^(t-[0-9a-z]{26})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (!terminal || !terminalIdSchema.safeParse(terminal).success) return null;
  return pane === undefined ? { terminal } : { terminal, pane: Number(pane) };
}

async function paneFor({ sessions }: Parts, open: OpenOf<"terminal">): Promise<Found<Pane>> {
  if (open.terminal !== null) {
    const place = placeIn(open.terminal);
    return place ? sessions.find(place.terminal, place.pane) : { ok: false, kind: "gone", message: "There is no such terminal." };
  }
  if (open.mode === "read") return { ok: false, kind: "gone", message: "A reader names the terminal to look at." };
  return sessions.create({ argv: null, cwd: null, title: "", createdBy: open.principal, columns: open.columns, rows: open.rows });
}

export function openTerminal(parts: Parts, allows: (use: string) => Allowance): Serve<"terminal"> {
  return (open, channel) => {
    const viewer = new Viewer(open, channel);
    const allowance = allows(open.mode === "write" ? "terminal.open" : "terminal.watch");
    if (allowance.allowed) void join(parts, open, viewer);
    else viewer.refuse(allowance.code, allowance.message);
    return viewer;
  };
}

/** Never rejects: what fails is told to the viewer. */
async function join(parts: Parts, open: OpenOf<"terminal">, viewer: Viewer): Promise<void> {
  const found = await paneFor(parts, open).catch((error: unknown) => ({
    ok: false as const,
    kind: "refused" as const,
    message: String(error),
  }));
  if (viewer.phase === "gone") return;
  if (!found.ok) {
    if (found.kind === "gone") viewer.refuse("TERMINAL_NOT_FOUND", found.message);
    else if (found.message === LIMIT_REACHED) viewer.refuse("TERMINAL_LIMIT", "The host has as many terminals as it may.");
    else viewer.refuse("TERMINAL_FAILED", found.message);
    return;
  }
  if (parts.watches().viewersOf(found.value.terminal) >= LIMITS.terminalViewers)
    viewer.refuse("STREAMS_EXHAUSTED", `${LIMITS.terminalViewers} viewers look at this terminal already.`);
  else parts.watches().view(found.value).join(viewer);
}
