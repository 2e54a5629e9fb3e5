// Virtual machines of all hosts, as the hosts told; their power at the thumb.
import { useEffect, useState } from "preact/hooks";
import type { Host } from "../../protocol/api/shapes.ts";
import type { ScreenProps } from "../app.tsx";
import { get, queryOf } from "../api/client.ts";
import { allHosts } from "../api/lookups.ts";
import { useResource, type Resource } from "../api/resource.ts";
import { useMe } from "../api/session.ts";
import { countOf } from "../parts/format.ts";
import { Screen } from "../parts/screen.tsx";
import { Empty, Failure, Loaded } from "../parts/states.tsx";
import { navigate } from "../router.ts";
import { pathTo } from "../routes.ts";
import { mayAsk, virtualOf, type VmItem } from "../vm/contract.ts";
import { Filters, filtersOf, isFiltered, matches, type VmFilters } from "./vm-filters.tsx";
import { VmRow } from "./vm-row.tsx";

const EVERY_MS = 3_000;
const HOSTS_MS = 10_000;
const PAGE = 200;

/** Every page of them: filters and counts are of all. */
async function allVms(signal: AbortSignal): Promise<VmItem[]> {
  const vms: VmItem[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: { items: VmItem[]; next_cursor: string | null } = await get(`/api/v1/vms${queryOf({ limit: PAGE, cursor })}`, signal);
    vms.push(...page.items);
    cursor = page.next_cursor;
  }
  return vms.sort((a, b) => a.name.localeCompare(b.name) || a.host.localeCompare(b.host));
}

const EXAMPLES = {
  libvirt: `[libvirt.storage.default]
path = "/var/lib/libvirt/images"

[libvirt.networks.nat]
network = "default"

[libvirt.images.debian-12]
path = "/srv/images/debian-12.qcow2"`,
  hyperv: String.raw`[hyperv.storage.default]
path = 'D:\VMs'

[hyperv.networks.lan]
switch = "External"

[hyperv.images.debian-12]
path = 'D:\Images\debian-12.vhdx'`,
};

function NoHypervisor() {
  return (
    <Empty title="No host has a hypervisor">
      <p>
        Virtual machines appear once a host's relay.toml has a <code>[libvirt]</code> table (KVM), or on Windows a <code>[hyperv]</code>{" "}
        table, and its <code>[allow]</code> the operations:
      </p>
      <pre class="text vm-example">{EXAMPLES.libvirt}</pre>
      <pre class="text vm-example">{EXAMPLES.hyperv}</pre>
      <p>
        docs/kvm.md and docs/hyperv.md in Farhand's folder say what the relay needs there; <code>farhand doctor</code> on the host says what
        is missing.
      </p>
      <a class="button plain" href={pathTo("hosts")}>
        To the hosts
      </a>
    </Empty>
  );
}

function NoVm({ canMake, onAll }: { readonly canMake: boolean; readonly onAll: (() => void) | null }) {
  return (
    <Empty title={onAll ? "No virtual machine is like that" : "No virtual machines yet"}>
      {onAll ? (
        <button class="plain" onClick={onAll}>
          Show all
        </button>
      ) : canMake ? (
        <a class="button" href={pathTo("vmNew")}>
          Create the first one
        </a>
      ) : (
        <p>What runs on the hypervisors of your hosts appears here.</p>
      )}
    </Empty>
  );
}

function List({ vms, hosts, filters }: { readonly vms: Resource<VmItem[]>; readonly hosts: readonly Host[]; readonly filters: VmFilters }) {
  const me = useMe();
  const choose = (change: Partial<VmFilters>) => navigate(pathTo("vms", {}, { ...filters, ...change }), true);
  return (
    <Loaded of={vms}>
      {(all) => {
        const shown = all.filter((vm) => matches(vm, filters));
        const canMake = hosts.some((host) => virtualOf(host) !== null && mayAsk(me, host, "vm.create"));
        if (all.length === 0 && !hosts.some((host) => virtualOf(host) !== null)) return <NoHypervisor />;
        return (
          <>
            {(all.length > 0 || isFiltered(filters)) && <Filters vms={all} filters={filters} onChoose={choose} />}
            <p class="soft small" role="status">
              {countOf(shown.length, "virtual machine")}
              {shown.length < all.length ? ` of ${all.length}` : ""}
            </p>
            {shown.length === 0 && <NoVm canMake={canMake} onAll={isFiltered(filters) ? () => navigate(pathTo("vms"), true) : null} />}
            <ul class="rows grid">
              {shown.map((vm) => (
                <VmRow key={`${vm.host} ${vm.id}`} vm={vm} host={hosts.find(({ name }) => name === vm.host) ?? null} onEnd={vms.reload} />
              ))}
            </ul>
          </>
        );
      }}
    </Loaded>
  );
}

export function Vms({ query }: ScreenProps) {
  const me = useMe();
  const hosts = useResource("hosts", allHosts, HOSTS_MS);
  const vms = useResource("vms", allVms, EVERY_MS);
  const [known, setKnown] = useState<readonly Host[]>([]);
  useEffect(() => {
    if (hosts.data) setKnown(hosts.data);
  }, [hosts.data]);
  const canMake = known.some((host) => virtualOf(host) !== null && mayAsk(me, host, "vm.create"));
  const make = canMake && (
    <a class="button" href={pathTo("vmNew", {}, { host: query.get("host") })}>
      Create
    </a>
  );
  return (
    <Screen title="Virtual machines" aside={make}>
      {hosts.error && <Failure error={hosts.error} retry={hosts.reload} />}
      {hosts.data ? (
        <List vms={vms} hosts={hosts.data} filters={filtersOf(query)} />
      ) : (
        !hosts.error && <Loaded of={hosts}>{() => null}</Loaded>
      )}
    </Screen>
  );
}
