// Network adapters of a virtual machine: what each is, changed in place, removed; a new one.
import { useState } from "preact/hooks";
import { segment } from "../api/client.ts";
import { useMe } from "../api/session.ts";
import { hasOf } from "../forms/vm-draft.ts";
import { useGuide } from "../forms/vm-guide.ts";
import { nicDraftOf, nicPatch, type NicDraft } from "../forms/vm-nic-draft.ts";
import { NicFields } from "../forms/vm-nic.tsx";
import { Badge } from "../parts/badge.tsx";
import { Facts } from "../parts/facts.tsx";
import { mayAsk, virtualOf, vmPath, type Nic } from "../vm/contract.ts";
import { errorsIn } from "../vm/field-errors.ts";
import { PlanDialog, usePlanned } from "../vm/plan.tsx";
import { useChange } from "../vm/use-change.ts";
import { WorkLine } from "../vm/work.tsx";
import type { VmTabProps } from "./vm.tsx";
import { NewNic } from "./vm-nic-new.tsx";
import type { WithVirtual } from "./vm-part-new.tsx";

const MEGA = 1_000_000;

function NicFacts({ nic }: { readonly nic: Nic }) {
  const guards = [nic.mac_spoofing_guard ? "hardware address" : "", nic.dhcp_guard ? "DHCP" : "", nic.router_guard ? "router" : ""].filter(
    Boolean,
  );
  const { bandwidth_min_bps: min, bandwidth_max_bps: max } = nic;
  const width = [min > 0 ? `at least ${min / MEGA} Mbit/s` : "", max > 0 ? `at most ${max / MEGA} Mbit/s` : ""].filter(Boolean);
  return (
    <Facts
      of={[
        ["Network", nic.network ?? <span class="soft">none that the host declares</span>],
        ["MAC", <code key="mac">{nic.mac}</code>],
        ["Addresses", nic.addresses.length === 0 ? null : nic.addresses.join(", ")],
        ["VLAN", nic.vlan === null ? null : String(nic.vlan)],
        ["VLANs", nic.vlan_trunk === null ? null : nic.vlan_trunk.allowed.join(", ")],
        ["Model", nic.model],
        ["Guards", guards.join(", ")],
        ["Bandwidth", width.join(", ")],
        ["Boots", nic.boot_index === null ? null : `as number ${nic.boot_index}`],
      ]}
    />
  );
}

function NicEdit({ host, vm, nic, virtual, reload, onEnd }: WithVirtual & { readonly nic: Nic; readonly onEnd: () => void }) {
  const before = nicDraftOf(nic);
  const [edited, setEdited] = useState<Partial<NicDraft>>({});
  const change = useChange(reload);
  const planned = usePlanned(change);
  const guide = useGuide("nic.update");
  const has = hasOf(virtual, "nic.update");
  const draft = { ...before, ...edited };
  const body = nicPatch(before, draft, has);
  const isSame = Object.keys(body).length === 0;
  const save = (event: Event) => {
    event.preventDefault();
    void planned.wish({
      what: `Changing ${nic.name}`,
      title: `Change ${nic.name}?`,
      action: "Apply",
      request: { method: "PATCH", path: `${vmPath(host.name, vm.id)}/nics/${segment(nic.id)}`, body },
      onDone: (done) => done.not_changed.length === 0 && onEnd(),
    });
  };
  return (
    <form onSubmit={save} noValidate aria-label={`Change ${nic.name}`}>
      <NicFields
        draft={draft}
        change={(part) => setEdited((was) => ({ ...was, ...part }))}
        errorsAt={errorsIn(change.work)}
        guide={guide}
        has={has}
        virtual={virtual}
        firmware={vm.firmware}
      />
      <WorkLine change={change} />
      <PlanDialog planned={planned} />
      <div class="buttons">
        <button disabled={isSame || (change.work?.isBusy ?? false)}>{isSame ? "Nothing changed" : "Save"}</button>
        <button type="button" class="plain" onClick={onEnd}>
          Leave
        </button>
      </div>
    </form>
  );
}

function NicCard(props: WithVirtual & { readonly nic: Nic }) {
  const { host, vm, nic, reload } = props;
  const me = useMe();
  const [isEditing, setIsEditing] = useState(false);
  const change = useChange(reload);
  const planned = usePlanned(change);
  const isBusy = change.work?.isBusy ?? false;
  const path = `${vmPath(host.name, vm.id)}/nics/${segment(nic.id)}`;
  const plug = () =>
    change.run(nic.connected ? "Pulling the cable" : "Putting the cable in", {
      method: "PATCH",
      path,
      body: { connected: !nic.connected },
    });
  const remove = () =>
    planned.wish({
      what: `Removing ${nic.name}`,
      title: `Remove ${nic.name}?`,
      action: "Remove",
      loses: "The adapter and its hardware address are gone; what the guest does over it breaks off.",
      request: { method: "DELETE", path },
    });
  return (
    <section class="card">
      <div class="row-head">
        <h2 class="name">{nic.name}</h2>
        <Badge tone={nic.connected ? "good" : "calm"}>{nic.connected ? "connected" : "cable out"}</Badge>
      </div>
      {isEditing ? (
        <NicEdit {...props} onEnd={() => setIsEditing(false)} />
      ) : (
        <>
          <NicFacts nic={nic} />
          <div class="buttons">
            {mayAsk(me, host, "nic.update") && (
              <>
                <button class="plain" disabled={isBusy} onClick={() => setIsEditing(true)}>
                  Change
                </button>
                <button class="plain" disabled={isBusy} onClick={() => void plug()}>
                  {nic.connected ? "Pull the cable" : "Cable in"}
                </button>
              </>
            )}
            {mayAsk(me, host, "nic.delete") && (
              <button class="plain danger-text" disabled={isBusy} onClick={() => void remove()}>
                Remove…
              </button>
            )}
          </div>
        </>
      )}
      <WorkLine change={change} />
      <PlanDialog planned={planned} />
    </section>
  );
}

export function VmNetworks(props: VmTabProps) {
  const me = useMe();
  const { host, vm } = props;
  const virtual = virtualOf(host);
  if (!virtual) return null;
  return (
    <>
      {virtual.networks.length > 0 && mayAsk(me, host, "nic.create") && <NewNic {...props} virtual={virtual} />}
      {vm.nics.length === 0 && <p class="soft">It has no network adapters: it reaches nothing.</p>}
      <div class="columns">
        {vm.nics.map((nic) => (
          <NicCard key={nic.id} {...props} virtual={virtual} nic={nic} />
        ))}
      </div>
    </>
  );
}
