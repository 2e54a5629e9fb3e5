// One host: what it is, how it fares, what it offers. Each tab is an address of its own.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Host } from "../../protocol/api/shapes.ts";
import type { ScreenProps } from "../app.tsx";
import { useHost, useOperations } from "../api/lookups.ts";
import { mayRun, mayUseOn, useMe, type Me, type Operation } from "../api/session.ts";
import { Presence, Risk } from "../parts/badge.tsx";
import { Screen } from "../parts/screen.tsx";
import { Empty, Loaded } from "../parts/states.tsx";
import { place } from "../router.ts";
import { pathTo, type ScreenName } from "../routes.ts";
import { useStore } from "../store.ts";
import { hasPlaceFor, HYPERVISORS } from "../vm/contract.ts";
import { HostFacts, Remove } from "./host-facts.tsx";
import { JobList } from "./job-list.tsx";
import { Metrics } from "./host-metrics.tsx";
import { Services } from "./host-services.tsx";
import { TerminalList } from "./terminal-list.tsx";

const TABS: readonly (readonly [ScreenName, string])[] = [
  ["host", "Overview"],
  ["hostOperations", "Operations"],
  ["hostServices", "Services"],
  ["hostTerminals", "Terminals"],
  ["hostJobs", "Jobs"],
];

function Tabs({ host, me }: { readonly host: Host; readonly me: Me }) {
  const { screen } = useStore(place);
  const list = useRef<HTMLElement>(null);
  useEffect(() => list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }), []);
  const shown = TABS.filter(([name]) => name !== "hostTerminals" || mayUseOn(me, host, "terminal.watch"));
  return (
    <nav class="tabs" ref={list} aria-label={`Parts of ${host.name}`}>
      {shown.map(([name, title]) => (
        <a key={name} href={pathTo(name, { host: host.name })} aria-current={name === screen ? "page" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}

function HostFrame({
  params,
  children,
}: {
  readonly params: ScreenProps["params"];
  readonly children: (host: Host, me: Me) => ComponentChildren;
}) {
  const name = params["host"] ?? "";
  const me = useMe();
  const host = useHost(name);
  return (
    <Screen title={name} up={[pathTo("hosts"), "Hosts"]} aside={host.data && <Presence online={host.data.online} />}>
      <Loaded of={host}>
        {(host) => (
          <>
            <Tabs host={host} me={me} />
            {children(host, me)}
          </>
        )}
      </Loaded>
    </Screen>
  );
}

export const HostOverview = ({ params }: ScreenProps) => (
  <HostFrame params={params}>
    {(host, me) => (
      <>
        <Metrics host={host} me={me} />
        <HostFacts host={host} />
        <Remove host={host} me={me} />
      </>
    )}
  </HostFrame>
);

/** Why an operation cannot be run here now, or null. */
export function obstacle(host: Host, operation: Operation, me: Me): string | null {
  if (!mayRun(me, host, operation)) return "Your grants do not cover this.";
  const { capabilities } = host;
  if (!capabilities) return "The host has not connected yet, so it is not known what it offers.";
  if (!capabilities.operations.includes(operation.name))
    return "The host does not offer this: its relay.toml does not allow it, or it has no driver for it.";
  if (!hasPlaceFor(host, operation.name)) return `${HYPERVISORS[capabilities.virtual!.hypervisor]} has no such thing.`;
  if (operation.risk === "read" && !host.online) return "The host is offline; this is answered at once or not at all.";
  return null;
}

function OperationRow({ host, operation, me }: { readonly host: Host; readonly operation: Operation; readonly me: Me }) {
  const why = obstacle(host, operation, me);
  const body = (
    <>
      <span class="row-head">
        <strong>{operation.name}</strong>
        <Risk risk={operation.risk} />
      </span>
      <span class="soft">{why ?? operation.summary}</span>
    </>
  );
  return (
    <li>
      {why ? (
        <div class="row off">{body}</div>
      ) : (
        <a class="row" href={pathTo("run", { host: host.name, operation: operation.name })}>
          {body}
        </a>
      )}
    </li>
  );
}

/** Commands of the host's file are what most people come for: each has a row of its own. */
function CommandRows({ host }: { readonly host: Host }) {
  const commands = Object.entries(host.capabilities?.commands ?? {});
  if (commands.length === 0) return null;
  return (
    <section>
      <h2>Commands</h2>
      <ul class="rows grid">
        {commands.map(([name, command]) => (
          <li key={name}>
            <a class="row" href={pathTo("run", { host: host.name, operation: "command.run" }, { name })}>
              <span class="row-head">
                <strong>{name}</strong>
              </span>
              <span class="soft">{command.description ?? "Declared in the host's relay.toml"}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Operations({ host, me }: { readonly host: Host; readonly me: Me }) {
  const operations = useOperations();
  return (
    <Loaded of={operations}>
      {(all) => {
        const runs = all.find(({ name }) => name === "command.run");
        const own = all.filter(({ name }) => name !== "command.run" || Object.keys(host.capabilities?.commands ?? {}).length === 0);
        const usable = own.filter((operation) => obstacle(host, operation, me) === null);
        const rest = own.filter((operation) => obstacle(host, operation, me) !== null);
        return (
          <>
            {runs && obstacle(host, runs, me) === null && <CommandRows host={host} />}
            <section>
              <h2>Operations</h2>
              {usable.length === 0 && <Empty title="Nothing that you may run here now" />}
              <ul class="rows grid">
                {usable.map((operation) => (
                  <OperationRow key={operation.name} host={host} operation={operation} me={me} />
                ))}
              </ul>
            </section>
            {rest.length > 0 && (
              <details class="fold">
                <summary>Not here ({rest.length})</summary>
                <ul class="rows">
                  {rest.map((operation) => (
                    <OperationRow key={operation.name} host={host} operation={operation} me={me} />
                  ))}
                </ul>
              </details>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

export const HostOperations = ({ params }: ScreenProps) => (
  <HostFrame params={params}>{(host, me) => <Operations host={host} me={me} />}</HostFrame>
);
export const HostServices = ({ params }: ScreenProps) => (
  <HostFrame params={params}>{(host, me) => <Services host={host} me={me} />}</HostFrame>
);
export const HostTerminals = ({ params }: ScreenProps) => (
  <HostFrame params={params}>{(host, me) => <TerminalList host={host} me={me} />}</HostFrame>
);
export const HostJobs = ({ params, query }: ScreenProps) => (
  <HostFrame params={params}>{(host) => <JobList host={host.name} query={query} at="hostJobs" />}</HostFrame>
);
