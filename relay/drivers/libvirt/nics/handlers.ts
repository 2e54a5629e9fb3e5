// Network adapters: nic.*; and the networks that they go to: network.list. An adapter of libvirt has a network always: detached
// means that its cable is out (connected: false), at once and in the definition, and attached that it is in, on that network.
import { VmFailure } from "../../virtual/failure.ts";
import { addressingOf } from "../../virtual/tables.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import type { NetworkTable } from "../tables.ts";
import { isNetworkUp } from "./networks.ts";
import { createNic, deleteNic } from "./plugging.ts";
import { changeNic } from "./updating.ts";

type NicOperations = "nic.list" | "nic.get" | "nic.create" | "nic.attach" | "nic.detach" | "nic.update" | "nic.delete";

export const nicHandlers = ({ session, reader }: Parts): HandlersOf<NicOperations> => ({
  async "nic.list"({ vm }) {
    const { nics } = await reader.get(vm);
    return { status: "success", message: `${nics.length} network adapters`, data: { items: nics } };
  },
  async "nic.get"({ vm, nic }) {
    const { nics } = await reader.get(vm);
    const found = nics.find((one) => one.id === nic);
    if (!found) throw new VmFailure("NIC_NOT_FOUND");
    return { status: "success", message: found.name, data: found };
  },
  "nic.create": (spec, context) => createNic(session, spec, context),
  "nic.delete": (spec, context) => deleteNic(session, spec, context),
  "nic.attach": (spec, context) => changeNic(session, spec, { network: spec.network, connected: true }, context),
  "nic.detach": (spec, context) => changeNic(session, spec, { connected: false }, context),
  "nic.update": ({ vm, nic, ...wishes }, context) => changeNic(session, { vm, nic }, wishes, context),
});

const kindOf = ({ bridge, user }: NetworkTable) =>
  user ? ("user" as const) : bridge === undefined ? ("nat" as const) : ("bridge" as const);

/** For resources.ts. */
export const networkHandlers = ({ session }: Parts): HandlersOf<"network.list"> => ({
  async "network.list"() {
    const items = Object.entries(session.table.networks).map(async ([name, network]) => ({
      name,
      description: network.description,
      kind: kindOf(network),
      vlan: network.vlan ?? null,
      vlan_supported: network.openvswitch,
      addressing: addressingOf(network),
      available: await isNetworkUp(session, network),
    }));
    return { status: "success", message: `${items.length} networks`, data: { items: await Promise.all(items) } };
  },
});
