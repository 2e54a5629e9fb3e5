// All hosts that one may see, who is there first.
import type { Host } from "../../protocol/api/shapes.ts";
import { allHosts } from "../api/lookups.ts";
import { useResource } from "../api/resource.ts";
import { isAdmin, mayUseOn, useMe, type Me } from "../api/session.ts";
import { Presence } from "../parts/badge.tsx";
import { countOf, sizeOf } from "../parts/format.ts";
import { Screen } from "../parts/screen.tsx";
import { Empty, Loaded } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { pathTo } from "../routes.ts";

const EVERY_MS = 5_000;

export const waitingOf = ({ queue }: Host): number => queue.held + queue.queued + queue.delivered;

/** `Linux · 8 processors · 32.0 GiB`. */
export function factsLine({ facts }: Host): string {
  if (!facts) return "Has not connected yet";
  return [facts.os_version || facts.os, countOf(facts.cpus, "processor"), sizeOf(facts.memory_bytes)].join(" · ");
}

function HostRow({ host, me }: { readonly host: Host; readonly me: Me }) {
  const waiting = waitingOf(host);
  const models = host.capabilities?.services.reduce((sum, service) => sum + service.models.length, 0) ?? 0;
  const notes = [
    host.queue.running > 0 ? `${host.queue.running} running` : "",
    waiting > 0 ? `${waiting} waiting` : "",
    models > 0 ? countOf(models, "model") : "",
    host.capabilities?.terminals && mayUseOn(me, host, "terminal.watch") ? "terminals" : "",
  ].filter(Boolean);
  return (
    <li>
      <a class="row" href={pathTo("host", { host: host.name })}>
        <span class="row-head">
          <strong>{host.name}</strong>
          <Presence online={host.online} />
        </span>
        <span class="soft">{factsLine(host)}</span>
        <span class="soft small">
          {host.online ? (
            notes.join(" · ") || "idle"
          ) : (
            <>
              last seen <Time at={host.last_seen_at} />
            </>
          )}
        </span>
      </a>
    </li>
  );
}

export function Hosts() {
  const me = useMe();
  const hosts = useResource("hosts", allHosts, EVERY_MS);
  const add = isAdmin(me) && (
    <a class="button" href={pathTo("enroll")}>
      Add a host
    </a>
  );
  return (
    <Screen title="Hosts" aside={add}>
      <Loaded of={hosts}>
        {(items) =>
          items.length === 0 ? (
            <Empty title="No hosts yet">
              <p>
                {isAdmin(me)
                  ? "Add one: its relay dials out, nothing listens on it."
                  : "None that you may see. An admin can give you a grant."}
              </p>
            </Empty>
          ) : (
            <ul class="rows grid">
              {items.map((host) => (
                <HostRow key={host.id} host={host} me={me} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Screen>
  );
}
