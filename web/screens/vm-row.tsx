// One virtual machine in a list: what it is, how it is, its power. What was asked of it is shown at once, before its host tells.
import { useEffect, useState } from "preact/hooks";
import type { Host } from "../../protocol/api/shapes.ts";
import { Badge } from "../parts/badge.tsx";
import { countOf, sizeOf } from "../parts/format.ts";
import { Time } from "../parts/time.tsx";
import { pathTo } from "../routes.ts";
import type { VmItem, VmState } from "../vm/contract.ts";
import { PowerButtons } from "../vm/power.tsx";
import { StateBadge } from "../vm/state-badge.tsx";
import { useChange } from "../vm/use-change.ts";
import { WorkLine } from "../vm/work.tsx";

/** So long the word of a job counts more than an older one of the list. */
const BELIEVED_MS = 4_000;

/** The state that the last change led to, until the list knows it. */
function useLedTo(state: VmState, told: string | undefined): VmState {
  const [led, setLed] = useState<VmState | null>(null);
  useEffect(() => {
    if (told === undefined) return undefined;
    setLed(told as VmState);
    const timer = setTimeout(() => setLed(null), BELIEVED_MS);
    return () => clearTimeout(timer);
  }, [told]);
  useEffect(() => setLed((was) => (was === state ? null : was)), [state]);
  return led ?? state;
}

interface RowProps {
  readonly vm: VmItem;
  readonly host: Host | null;
  readonly onEnd: () => void;
}

export function VmRow({ vm, host, onEnd }: RowProps) {
  const change = useChange(onEnd);
  const state = useLedTo(vm.state, change.work?.done?.state);
  const isHostAway = host !== null && !host.online;
  const isAway = vm.stale || isHostAway;
  return (
    <li>
      <div class={isAway ? "row vm-row stale" : "row vm-row"}>
        <a class="vm-link" href={pathTo("vm", { host: vm.host, vm: vm.id })}>
          <span class="row-head">
            <strong>{vm.name}</strong>
            <StateBadge state={state} />
          </span>
          <span class="soft">
            {vm.host} · {countOf(vm.cpus, "processor")} · {sizeOf(vm.memory_bytes)}
          </span>
          {vm.addresses.length > 0 && <span class="soft small">{vm.addresses.slice(0, 3).join(" · ")}</span>}
          {(vm.tags.length > 0 || vm.needs_restart) && (
            <span class="vm-tags">
              {vm.needs_restart && <Badge tone="warn">needs a restart</Badge>}
              {vm.tags.slice(0, 6).map((tag) => (
                <span key={tag} class="tag">
                  {tag}
                </span>
              ))}
            </span>
          )}
        </a>
        {isAway ? (
          <p class="soft small vm-stale">
            <Badge tone="warn">stale</Badge> {isHostAway ? "its host is away" : "its hypervisor does not answer"}; as of{" "}
            <Time at={vm.as_of} />
          </p>
        ) : (
          <PowerButtons hostName={vm.host} host={host} vm={{ id: vm.id, state }} change={change} isShort />
        )}
        <WorkLine change={change} />
      </div>
    </li>
  );
}
