// What a host says of itself, its queue, and taking it out of the fleet.
import { useState } from "preact/hooks";
import type { Host } from "../../protocol/api/shapes.ts";
import { request, segment } from "../api/client.ts";
import { isAdmin, type Me } from "../api/session.ts";
import { Confirm } from "../parts/dialog.tsx";
import { Facts } from "../parts/facts.tsx";
import { sizeOf } from "../parts/format.ts";
import { Failure } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { navigate } from "../router.ts";
import { pathTo } from "../routes.ts";
import { waitingOf } from "./hosts.tsx";

const tags = (labels: readonly string[]) =>
  labels.length === 0
    ? "none"
    : labels.map((label) => (
        <span key={label} class="tag">
          {label}
        </span>
      ));

function Drivers({ host }: { readonly host: Host }) {
  const drivers = host.capabilities?.drivers ?? [];
  if (drivers.length === 0) return null;
  return (
    <section class="card">
      <h2>Drivers</h2>
      <ul class="plain-list">
        {drivers.map(({ name, available, detail }) => (
          <li key={name} class={available ? "" : "soft"}>
            <strong>{name}</strong> {available ? "" : "(not available) "}
            <span class="soft">{detail}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Queue({ host }: { readonly host: Host }) {
  return (
    <section class="card">
      <h2>Queue</h2>
      <Facts
        of={[
          ["Running", `${host.queue.running} of ${host.slots} slots`],
          ["Waiting", waitingOf(host)],
        ]}
      />
      <a class="button plain" href={pathTo("hostJobs", { host: host.name })}>
        Jobs of this host
      </a>
    </section>
  );
}

function About({ host }: { readonly host: Host }) {
  const { facts } = host;
  return (
    <section class="card">
      <h2>About</h2>
      <Facts
        of={[
          ["Name", facts?.hostname ?? null],
          ["System", facts && `${facts.os_version || facts.os} · ${facts.arch}`],
          ["Processors", facts && String(facts.cpus)],
          ["Memory", facts && sizeOf(facts.memory_bytes)],
          ["Relay", host.relay_version ?? "unknown"],
          ["Last seen", host.online ? "now" : <Time at={host.last_seen_at} />],
          ["Labels", tags(host.labels)],
          ["Relay's labels", tags(host.relay_labels)],
          ["Note", host.note],
        ]}
      />
    </section>
  );
}

const WORDS = { libvirt: "libvirt (KVM or QEMU)", hyperv: "Hyper-V" } as const;
const namesOf = (declared: readonly { readonly name: string }[]) => declared.map(({ name }) => name).join(", ") || "none";

/** What the host declares for virtual machines, and the way to those that it has. */
function VirtualMachines({ host }: { readonly host: Host }) {
  const virtual = host.capabilities?.virtual ?? null;
  if (!virtual) return null;
  return (
    <section class="card">
      <h2>Virtual machines</h2>
      <Facts
        of={[
          ["Hypervisor", WORDS[virtual.hypervisor]],
          ["Storage", namesOf(virtual.storage)],
          ["Networks", namesOf(virtual.networks)],
          ["Images", namesOf(virtual.images)],
        ]}
      />
      <a class="button plain" href={pathTo("vms", {}, { host: host.name })}>
        Virtual machines of this host
      </a>
    </section>
  );
}

export const HostFacts = ({ host }: { readonly host: Host }) => (
  <div class="columns">
    <Queue host={host} />
    <VirtualMachines host={host} />
    <About host={host} />
    <Drivers host={host} />
  </div>
);

/** For admins: the relay is refused from then on. */
export function Remove({ host, me }: { readonly host: Host; readonly me: Me }) {
  const [isAsking, setIsAsking] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  if (!isAdmin(me)) return null;
  const remove = async () => {
    setIsAsking(false);
    try {
      await request("DELETE", `/api/v1/hosts/${segment(host.name)}`);
      navigate(pathTo("hosts"), true);
    } catch (error) {
      setError(error as Error);
    }
  };
  return (
    <section class="quiet">
      {error && <Failure error={error} />}
      <button class="plain danger-text" onClick={() => setIsAsking(true)}>
        Remove this host…
      </button>
      {isAsking && (
        <Confirm title={`Remove ${host.name}?`} action="Remove" onClose={() => setIsAsking(false)} onConfirm={() => void remove()}>
          <p>Its relay is refused from then on, its waiting jobs are cancelled, and it must be enrolled again to come back.</p>
        </Confirm>
      )}
    </section>
  );
}
