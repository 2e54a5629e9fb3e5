// Terminals of every host that has them.
import { allHosts } from "../api/lookups.ts";
import { useResource } from "../api/resource.ts";
import { mayUseOn, useMe } from "../api/session.ts";
import { Screen } from "../parts/screen.tsx";
import { Empty, Loaded } from "../parts/states.tsx";
import { pathTo } from "../routes.ts";
import { TerminalList } from "./terminal-list.tsx";

const EVERY_MS = 10_000;

export function Terminals() {
  const me = useMe();
  const hosts = useResource("hosts", allHosts, EVERY_MS);
  return (
    <Screen title="Terminals">
      <Loaded of={hosts}>
        {(all) => {
          const able = all.filter((host) => host.capabilities?.terminals && mayUseOn(me, host, "terminal.watch"));
          if (able.length === 0)
            return (
              <Empty title="No host has terminals">
                <p>
                  They are off unless a host's relay.toml says <code>enabled = true</code> under <code>[terminal]</code>.
                </p>
              </Empty>
            );
          return able.map((host) => (
            <section key={host.id}>
              <h2 class="name">
                <a href={pathTo("host", { host: host.name })}>{host.name}</a>
              </h2>
              <TerminalList host={host} me={me} />
            </section>
          ));
        }}
      </Loaded>
    </Screen>
  );
}
