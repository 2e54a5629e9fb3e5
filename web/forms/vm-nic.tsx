// One network adapter as a form: on which network, with which address; guards and bandwidth behind a fold.
import type { NewNic } from "../../protocol/operations/vm-devices.ts";
import { declaredChoices } from "./declared-choices.ts";
import { SelectField } from "./field.tsx";
import { DraftCheck, DraftCode, DraftNumber, DraftServed } from "./vm-draft-field.tsx";
import type { NicDraft } from "./vm-nic-draft.ts";
import type { Part } from "./vm-part.ts";

const MODELS: readonly NonNullable<NewNic["model"]>[] = ["paravirtual", "e1000e", "e1000", "rtl8139", "legacy"];
/** As each hypervisor makes them: the first bytes are its maker's. */
const MACS = { libvirt: "52:54:00:12:34:56", hyperv: "00:15:5d:12:34:56" } as const;

function More(part: Part<NicDraft>) {
  const { guide, virtual } = part;
  return (
    <details class="fold">
      <summary>Address, guards, bandwidth</summary>
      <DraftCode of={part} name="name" field="name" label="Name" hint={guide("name")} />
      <DraftCode of={part} name="mac" field="mac" label="Hardware address" hint={guide("mac")} placeholder={MACS[virtual.hypervisor]} />
      <DraftServed of={part} name="model" field="model" label="Model" values={MODELS} />
      <DraftCheck of={part} name="macGuard" field="mac_spoofing_guard" label="No other hardware address than its own" />
      <DraftCheck of={part} name="dhcpGuard" field="dhcp_guard" label="It may not answer DHCP" />
      <DraftCheck of={part} name="routerGuard" field="router_guard" label="It may not announce itself as router" />
      <DraftNumber of={part} name="minMbps" field="bandwidth_min_bps" label="At least, Mbit/s" hint="0: no promise" />
      <DraftNumber of={part} name="maxMbps" field="bandwidth_max_bps" label="At most, Mbit/s" hint="0: no limit" />
      <DraftCheck of={part} name="connected" field="connected" label="The cable is in" />
    </details>
  );
}

export function NicFields(part: Part<NicDraft>) {
  const { draft, change, errorsAt, guide, virtual } = part;
  const networkOf = (name: string) => virtual.networks.find((network) => network.name === name);
  const network = networkOf(draft.network);
  const names = declaredChoices(virtual.networks);
  return (
    <>
      <SelectField
        label="Network"
        value={draft.network}
        choices={network ? names : [["", "none that the host declares"], ...names]}
        errors={errorsAt("/network")}
        onChoose={(name) => change({ network: name, ...(networkOf(name)?.vlan_supported ? {} : { vlan: "" }) })}
      />
      {network?.vlan_supported && (
        <DraftNumber
          of={part}
          name="vlan"
          field="vlan"
          label="VLAN"
          hint={guide("vlan")}
          placeholder={network.vlan === null ? "" : String(network.vlan)}
        />
      )}
      <More {...part} />
    </>
  );
}
