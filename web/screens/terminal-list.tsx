// Terminals of one host: those that run, and a new one.
import type { z } from "zod";
import type { Host } from "../../protocol/api/shapes.ts";
import type { terminalList } from "../../protocol/operations/terminal.ts";
import { call } from "../api/lookups.ts";
import { useResource } from "../api/resource.ts";
import { mayRun, mayUseOn, type Me } from "../api/session.ts";
import { ApiProblem } from "../api/client.ts";
import { Badge } from "../parts/badge.tsx";
import { Empty, Loaded } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { pathTo } from "../routes.ts";

type TerminalItem = z.infer<typeof terminalList.data>["terminals"][number];

const EVERY_MS = 5_000;

async function terminalsOf(host: string, signal: AbortSignal): Promise<readonly TerminalItem[]> {
  const result = await call(host, "terminal.list", {}, signal);
  if (result.status !== "success") throw new ApiProblem(502, { detail: result.message, ...(result.code ? { code: result.code } : {}) });
  return (result.data as { readonly terminals: readonly TerminalItem[] }).terminals;
}

function TerminalRow({ host, item }: { readonly host: Host; readonly item: TerminalItem }) {
  const running = [...new Set(item.panes.map((pane) => pane.running))].join(", ");
  return (
    <li>
      <a class="row" href={pathTo("terminal", { host: host.name, terminal: item.terminal })}>
        <span class="row-head">
          <strong>{item.title || running || item.command}</strong>
          {item.viewers > 0 && <Badge tone="busy">{`${item.viewers} watching`}</Badge>}
        </span>
        <span class="soft small">
          {running} · {item.columns} × {item.rows} · made <Time at={item.created_at} />
        </span>
      </a>
    </li>
  );
}

function Running({ host }: { readonly host: Host }) {
  const terminals = useResource(`terminals ${host.name}`, (signal) => terminalsOf(host.name, signal), EVERY_MS);
  return (
    <Loaded of={terminals}>
      {(items) =>
        items.length === 0 ? (
          <Empty title={`No terminal runs on ${host.name}`} />
        ) : (
          <ul class="rows grid">
            {items.map((item) => (
              <TerminalRow key={item.terminal} host={host} item={item} />
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}

export function TerminalList({ host, me }: { readonly host: Host; readonly me: Me }) {
  if (!host.capabilities?.terminals)
    return (
      <Empty title={`${host.name} has no terminals`}>
        <p>
          They are off unless the host's relay.toml says <code>enabled = true</code> under <code>[terminal]</code>.
        </p>
      </Empty>
    );
  if (!host.online)
    return (
      <Empty title={`${host.name} is offline`}>
        <p>Its terminals go on there; they can be reached when its relay is connected again.</p>
      </Empty>
    );
  const canList = mayRun(me, host, { name: "terminal.list", risk: "read" }) && host.capabilities.operations.includes("terminal.list");
  return (
    <>
      {mayUseOn(me, host, "terminal.open") ? (
        <p>
          <a class="button" href={pathTo("terminal", { host: host.name, terminal: "new" })}>
            New terminal
          </a>
        </p>
      ) : (
        <p class="soft">You may watch terminals here, not open one.</p>
      )}
      {canList && <Running host={host} />}
    </>
  );
}
