// One virtual machine, read from its host: what it is, its parts, its snapshots. Each tab is an address of its own.
import { Fragment } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Host } from "../../protocol/api/shapes.ts";
import type { ScreenProps } from "../app.tsx";
import { get } from "../api/client.ts";
import { useHost } from "../api/lookups.ts";
import { useResource } from "../api/resource.ts";
import { useMe } from "../api/session.ts";
import { Screen } from "../parts/screen.tsx";
import { Empty, Failure, Loaded } from "../parts/states.tsx";
import { place } from "../router.ts";
import { pathTo, type ScreenName } from "../routes.ts";
import { useStore } from "../store.ts";
import { mayAsk, paceOf, vmPath, type Vm } from "../vm/contract.ts";
import { StateBadge } from "../vm/state-badge.tsx";
import { VmDisks } from "./vm-disks.tsx";
import { VmHardware } from "./vm-hardware.tsx";
import { VmNetworks } from "./vm-networks.tsx";
import { VmOverview } from "./vm-overview.tsx";
import { VmSnapshots } from "./vm-snapshots.tsx";

/** What each tab is given. */
export interface VmTabProps {
  readonly host: Host;
  readonly vm: Vm;
  /** Something was changed: read it again. */
  readonly reload: () => void;
}

const TABS: readonly (readonly [ScreenName, string])[] = [
  ["vm", "Overview"],
  ["vmHardware", "Hardware"],
  ["vmDisks", "Disks"],
  ["vmNetworks", "Networks"],
  ["vmSnapshots", "Snapshots"],
];

function Tabs({ host, vm }: { readonly host: Host; readonly vm: Vm }) {
  const me = useMe();
  const { screen } = useStore(place);
  const list = useRef<HTMLElement>(null);
  useEffect(() => list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }), [screen]);
  const shown = TABS.filter(([name]) => name !== "vmSnapshots" || mayAsk(me, host, "snapshot.list"));
  const params = { host: host.name, vm: vm.id };
  return (
    <nav class="tabs" ref={list} aria-label={`Parts of ${vm.name}`}>
      {shown.map(([name, title]) => (
        <Fragment key={name}>
          <a href={pathTo(name, params)} aria-current={name === screen ? "page" : undefined}>
            {title}
          </a>
          {name === "vm" && mayAsk(me, host, "vm.console") && <a href={pathTo("vmConsole", { ...params, console: "screen" })}>Console</a>}
        </Fragment>
      ))}
    </nav>
  );
}

function Part(props: VmTabProps) {
  const { screen } = useStore(place);
  if (screen === "vmHardware") return <VmHardware {...props} />;
  if (screen === "vmDisks") return <VmDisks {...props} />;
  if (screen === "vmNetworks") return <VmNetworks {...props} />;
  if (screen === "vmSnapshots") return <VmSnapshots {...props} />;
  return <VmOverview {...props} />;
}

export function VmScreen({ params }: ScreenProps) {
  const name = params["host"] ?? "";
  const id = params["vm"] ?? "";
  const host = useHost(name);
  const isThere = host.data?.online ?? false;
  const vm = useResource(
    host.data && (isThere || null) && `vm ${name} ${id}`,
    (signal) => get<Vm>(vmPath(name, id), signal),
    paceOf(host.data).machineMs,
  );
  return (
    <Screen
      title={vm.data?.name ?? "Virtual machine"}
      up={[pathTo("vms"), "Virtual machines"]}
      aside={vm.data && <StateBadge state={vm.data.state} />}
    >
      {host.data === null ? (
        <Loaded of={host}>{() => null}</Loaded>
      ) : !isThere && vm.data === null ? (
        <Empty title={`${name} is offline`}>
          <p>Its virtual machines go on without it; they can be read and changed when its relay is connected again.</p>
        </Empty>
      ) : (
        <Loaded of={vm}>
          {(data) => (
            <>
              <Tabs host={host.data!} vm={data} />
              {!isThere && <Failure error={new Error(`${name} is offline: this may be old.`)} />}
              <Part host={host.data!} vm={data} reload={vm.reload} />
            </>
          )}
        </Loaded>
      )}
    </Screen>
  );
}
