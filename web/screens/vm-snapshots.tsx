// Snapshots of a virtual machine as the tree that they are: taken, gone back to, deleted.
import { useState } from "preact/hooks";
import { get, segment } from "../api/client.ts";
import { useResource } from "../api/resource.ts";
import { useMe } from "../api/session.ts";
import { CheckField } from "../forms/field.tsx";
import { Badge } from "../parts/badge.tsx";
import { sizeOf } from "../parts/format.ts";
import { Empty, Loaded } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { mayAsk, paceOf, virtualOf, vmPath, type Snapshot } from "../vm/contract.ts";
import { PlanDialog, usePlanned } from "../vm/plan.tsx";
import { branchesOf, type Branch } from "../vm/snapshot-tree.ts";
import { useChange } from "../vm/use-change.ts";
import { WorkLine } from "../vm/work.tsx";
import type { VmTabProps } from "./vm.tsx";
import { Take } from "./vm-snapshot-new.tsx";

const EVERY_MS = 10_000;
/** Deeper ones stand no further to the right: a phone has no room. */
const DEEPEST = 6;

function Item({ host, vm, reload, branch, hasChildren }: VmTabProps & { readonly branch: Branch; readonly hasChildren: boolean }) {
  const me = useMe();
  const { snapshot, depth } = branch;
  const change = useChange(reload);
  const planned = usePlanned(change);
  const [withChildren, setWithChildren] = useState(false);
  const isBusy = change.work?.isBusy ?? false;
  const path = `${vmPath(host.name, vm.id)}/snapshots/${segment(snapshot.name)}`;
  const revert = () =>
    planned.wish({
      what: `Going back to ${snapshot.name}`,
      title: `Back to ${snapshot.name}?`,
      action: "Go back",
      loses: "What came after it on this line, and what the machine is now, is lost.",
      request: { method: "POST", path: `${path}/revert`, body: {} },
    });
  const remove = () =>
    planned.wish({
      what: `Deleting ${snapshot.name}`,
      title: `Delete ${snapshot.name}?`,
      action: "Delete",
      loses: withChildren
        ? "It and those that stand on it are gone; the machine stays as it is."
        : "It is gone; the machine stays as it is.",
      request: { method: "DELETE", path, query: withChildren ? { children: "true" } : {} },
    });
  const notes = [
    snapshot.state,
    snapshot.memory ? "with memory" : "",
    snapshot.size_bytes === null ? "" : sizeOf(snapshot.size_bytes),
    // Every one of Hyper-V's lies in files of its own.
    snapshot.kind === "internal" || virtualOf(host)?.hypervisor === "hyperv" ? "" : snapshot.kind,
  ].filter(Boolean);
  return (
    <li class={`snapshot depth-${Math.min(depth, DEEPEST)}`}>
      <div class="row">
        <span class="row-head">
          <strong>{snapshot.name}</strong>
          {snapshot.current && <Badge tone="good">now on it</Badge>}
        </span>
        {snapshot.description !== "" && <span>{snapshot.description}</span>}
        <span class="soft small">
          {snapshot.created_at !== null && (
            <>
              <Time at={snapshot.created_at} /> ·{" "}
            </>
          )}
          {notes.join(" · ")}
        </span>
        {hasChildren && mayAsk(me, host, "snapshot.delete") && (
          <CheckField label="Delete those that stand on it too" checked={withChildren} onCheck={setWithChildren} />
        )}
        <div class="buttons">
          {mayAsk(me, host, "snapshot.revert") && (
            <button class="plain" disabled={isBusy} onClick={() => void revert()}>
              Go back…
            </button>
          )}
          {mayAsk(me, host, "snapshot.delete") && (
            <button class="plain danger-text" disabled={isBusy} onClick={() => void remove()}>
              Delete…
            </button>
          )}
        </div>
        <WorkLine change={change} />
        <PlanDialog planned={planned} />
      </div>
    </li>
  );
}

export function VmSnapshots(props: VmTabProps) {
  const { host, vm } = props;
  const me = useMe();
  const snapshots = useResource(
    `snapshots ${host.name} ${vm.id}`,
    (signal) => get<{ items: Snapshot[] }>(`${vmPath(host.name, vm.id)}/snapshots`, signal),
    Math.max(EVERY_MS, paceOf(host).machineMs),
  );
  const reload = () => {
    snapshots.reload();
    props.reload();
  };
  return (
    <>
      {mayAsk(me, host, "snapshot.create") && <Take {...props} reload={reload} />}
      <Loaded of={snapshots}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No snapshots">
              <p>One keeps the machine as it is, to go back to.</p>
            </Empty>
          ) : (
            <ul class="rows" aria-label="Snapshots">
              {branchesOf(items).map((branch) => (
                <Item
                  key={branch.snapshot.name}
                  {...props}
                  reload={reload}
                  branch={branch}
                  hasChildren={items.some(({ parent }) => parent === branch.snapshot.name)}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
    </>
  );
}
