// Disks and drives of a virtual machine: what each is, made larger, taken off, deleted; a new one; what is in the drive.
import { useState } from "preact/hooks";
import { useMe } from "../api/session.ts";
import { hasOf, type Has } from "../forms/vm-draft.ts";
import { SizeField } from "../forms/vm-size.tsx";
import { bytesOf, sizeOfBytes, type Size } from "../forms/vm-values.ts";
import { Badge } from "../parts/badge.tsx";
import { Facts } from "../parts/facts.tsx";
import { sizeOf } from "../parts/format.ts";
import { segment } from "../api/client.ts";
import { mayAsk, virtualOf, vmPath, type Disk } from "../vm/contract.ts";
import { asJob } from "../vm/change.ts";
import { errorsIn } from "../vm/field-errors.ts";
import { PlanDialog, usePlanned } from "../vm/plan.tsx";
import { useChange } from "../vm/use-change.ts";
import { WorkLine } from "../vm/work.tsx";
import type { VmTabProps } from "./vm.tsx";
import { Drive } from "./vm-drive.tsx";
import { NewDisk } from "./vm-disk-new.tsx";

const limit = (value: number, unit: string) => (value === 0 ? null : `${value.toLocaleString("en")} ${unit}`);

function DiskFacts({ disk, has }: { readonly disk: Disk; readonly has: Has }) {
  return (
    <Facts
      of={[
        ["Size", disk.size_bytes === null ? null : sizeOf(disk.size_bytes)],
        ["On the host", disk.allocated_bytes === null ? null : sizeOf(disk.allocated_bytes)],
        ["Format", [disk.format ?? "", disk.bus].filter(Boolean).join(" on ")],
        ["Storage class", disk.storage_class ?? <span class="soft">outside what the host declares: it is only shown</span>],
        ["Image", disk.image],
        ["Boots", disk.boot_index === null ? null : `as number ${disk.boot_index}`],
        ["Cache", !has("cache") || disk.cache === "default" ? null : disk.cache],
        ["Freed space", has("discard") && disk.discard ? "given back" : null],
        ["Operations", limit(disk.iops_max, "a second")],
        ["Bytes", !has("bytes_per_second_max") || disk.bytes_per_second_max === 0 ? null : `${sizeOf(disk.bytes_per_second_max)}/s`],
        ["Writing", disk.read_only ? "no" : null],
      ]}
    />
  );
}

type DiskProps = VmTabProps & { readonly disk: Disk };

function Grow({
  disk,
  onGrow,
  errors,
  isBusy,
}: {
  readonly disk: Disk;
  readonly onGrow: (bytes: number | string | undefined) => void;
  readonly errors: readonly string[];
  readonly isBusy: boolean;
}) {
  const [size, setSize] = useState<Size>(() => sizeOfBytes(disk.size_bytes));
  const bytes = bytesOf(size);
  return (
    <details class="fold">
      <summary>Make it larger</summary>
      <SizeField
        label="Size"
        hint="Never smaller; the guest's own file system grows there"
        value={size}
        errors={errors}
        onChange={setSize}
      />
      <button
        type="button"
        class="plain"
        disabled={isBusy || bytes === undefined || bytes === disk.size_bytes}
        onClick={() => onGrow(bytes)}
      >
        Resize
      </button>
    </details>
  );
}

function DiskCard({ host, vm, disk, reload }: DiskProps) {
  const me = useMe();
  const change = useChange(reload);
  const planned = usePlanned(change);
  const isBusy = change.work?.isBusy ?? false;
  const path = `${vmPath(host.name, vm.id)}/disks/${segment(disk.id)}`;
  const isOurs = disk.storage_class !== null;
  const virtual = virtualOf(host);
  const grow = (size_bytes: number | string | undefined) =>
    planned.wish({
      what: `Making ${disk.name} larger`,
      title: `Resize ${disk.name}?`,
      action: "Resize",
      request: asJob(host.name, "disk.resize", { vm: vm.id, disk: disk.id, size_bytes }),
    });
  const detach = () =>
    planned.wish({
      what: `Taking ${disk.name} off`,
      title: `Take ${disk.name} off?`,
      action: "Take off",
      request: asJob(host.name, "disk.detach", { vm: vm.id, disk: disk.id }),
    });
  const remove = () =>
    planned.wish({
      what: `Deleting ${disk.name}`,
      title: `Delete ${disk.name}?`,
      action: "Delete",
      loses: "The disk is deleted with its data. There is no way back.",
      request: { method: "DELETE", path },
    });
  return (
    <section class="card">
      <div class="row-head">
        <h2 class="name">{disk.name}</h2>
        {disk.size_bytes !== null && <Badge tone="calm">{sizeOf(disk.size_bytes)}</Badge>}
      </div>
      <DiskFacts disk={disk} has={virtual ? hasOf(virtual, "disk.update") : () => false} />
      {isOurs && mayAsk(me, host, "disk.resize") && (
        <Grow
          key={disk.size_bytes}
          disk={disk}
          isBusy={isBusy}
          errors={errorsIn(change.work)("/size_bytes")}
          onGrow={(bytes) => void grow(bytes)}
        />
      )}
      <div class="buttons">
        {mayAsk(me, host, "disk.detach") && (
          <button class="plain" disabled={isBusy} onClick={() => void detach()}>
            Take off
          </button>
        )}
        {isOurs && mayAsk(me, host, "disk.delete") && (
          <button class="plain danger-text" disabled={isBusy} onClick={() => void remove()}>
            Delete…
          </button>
        )}
      </div>
      <WorkLine change={change} />
      <PlanDialog planned={planned} />
    </section>
  );
}

export function VmDisks(props: VmTabProps) {
  const me = useMe();
  const { host, vm } = props;
  const virtual = virtualOf(host);
  const drives = vm.disks.filter(({ kind }) => kind === "cdrom");
  return (
    <>
      {virtual && mayAsk(me, host, "disk.create") && <NewDisk {...props} virtual={virtual} />}
      {vm.disks.length === 0 && <p class="soft">It has no disks.</p>}
      <div class="columns">
        {vm.disks
          .filter(({ kind }) => kind === "disk")
          .map((disk) => (
            <DiskCard key={disk.id} {...props} disk={disk} />
          ))}
        {virtual && drives.map((drive) => <Drive key={drive.id} {...props} drive={drive} virtual={virtual} />)}
        {virtual && drives.length === 0 && <Drive {...props} drive={null} virtual={virtual} />}
      </div>
    </>
  );
}
