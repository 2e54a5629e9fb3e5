// A new virtual machine: its form, and its making followed to the machine's own page.
import { useState } from "preact/hooks";
import type { Host } from "../../protocol/api/shapes.ts";
import type { ScreenProps } from "../app.tsx";
import { allHosts } from "../api/lookups.ts";
import { useResource } from "../api/resource.ts";
import { useMe } from "../api/session.ts";
import { createSpec, freshDraft, hasOf, type VmDraft } from "../forms/vm-draft.ts";
import { declaredChoices } from "../forms/declared-choices.ts";
import { SelectField, TextField } from "../forms/field.tsx";
import { AboutFields, AdvancedFields } from "../forms/vm-advanced.tsx";
import { isoImages } from "../forms/vm-disk-draft.ts";
import { DraftCheck, DraftCode, DraftSelect } from "../forms/vm-draft-field.tsx";
import { useGuide } from "../forms/vm-guide.ts";
import { FirmwareFields, MachineFields } from "../forms/vm-machine.tsx";
import { DiskList, NicList } from "../forms/vm-devices.tsx";
import type { Part } from "../forms/vm-part.ts";
import { Screen } from "../parts/screen.tsx";
import { Empty, Loaded } from "../parts/states.tsx";
import { navigate } from "../router.ts";
import { pathTo } from "../routes.ts";
import { hostPath, mayAsk, virtualOf, type VirtualResources } from "../vm/contract.ts";
import { errorsIn, useShown } from "../vm/field-errors.ts";
import { useChange } from "../vm/use-change.ts";
import { WorkLine } from "../vm/work.tsx";

function Beginning(part: Part<VmDraft>) {
  const { draft, change, errorsAt, guide, virtual } = part;
  const isos = isoImages(virtual);
  return (
    <fieldset class="card">
      <legend>First boot</legend>
      {isos.length > 0 && (
        <DraftSelect of={part} name="iso" field="iso" label="Disc in the drive" choices={[["", "none"], ...declaredChoices(isos)]} />
      )}
      <TextField
        label="cloud-init"
        hint="User data, read once by the guest: never stored or shown here. Empty: none"
        isCode
        rows={4}
        placeholder={"#cloud-config\nssh_authorized_keys:\n  - ssh-ed25519 …"}
        value={draft.userData}
        errors={[...errorsAt("/seed"), ...errorsAt("/seed/user_data")]}
        onInput={(userData) => change({ userData })}
      />
      <DraftCheck of={part} name="start" field="start" label="Start it when it is made" hint={guide("start")} />
    </fieldset>
  );
}

interface FormProps {
  readonly host: Host;
  readonly hosts: readonly Host[];
  readonly virtual: VirtualResources;
  readonly onHost: (name: string) => void;
}

function Identity({ part, host, hosts, virtual, onHost }: FormProps & { readonly part: Part<VmDraft> }) {
  const { errorsAt, guide } = part;
  return (
    <>
      <DraftCode of={part} name="name" field="name" label="Name" hint={guide("name")} isRequired />
      <SelectField
        label="Host"
        value={host.name}
        choices={hosts.map(({ name, online }) => [name, online ? name : `${name} (offline)`] as const)}
        onChoose={onHost}
      />
      {virtual.storage.length > 1 && (
        <DraftSelect of={part} name="storage" field="storage_class" label="Storage class" choices={declaredChoices(virtual.storage)} />
      )}
      {virtual.storage.length <= 1 &&
        errorsAt("/storage_class").map((message) => (
          <p key={message} class="field-error">
            storage class {message}
          </p>
        ))}
    </>
  );
}

function CreateForm(props: FormProps) {
  const { host, virtual } = props;
  const [draft, setDraft] = useState(() => freshDraft(virtual));
  const change = useChange();
  const guide = useGuide("vm.create");
  const has = hasOf(virtual, "vm.create");
  const part: Part<VmDraft> = {
    draft,
    change: (part) => setDraft((before) => ({ ...before, ...part })),
    errorsAt: errorsIn(change.work),
    guide,
    has,
    virtual,
    firmware: draft.firmware,
  };
  const send = async (event: Event) => {
    event.preventDefault();
    const done = await change.run(`Making ${draft.name}`, {
      method: "POST",
      path: `${hostPath(host.name)}/vms`,
      body: createSpec(draft, has),
    });
    if (done) navigate(pathTo("vm", { host: host.name, vm: done.id }));
  };
  const isBusy = change.work?.isBusy ?? false;
  const form = useShown(change.work);
  return (
    <form class="form" ref={form} onSubmit={(event) => void send(event)} noValidate>
      {!host.online && <p class="soft">{host.name} is offline: the job waits for it, by default 15 minutes.</p>}
      <Identity part={part} {...props} />
      <MachineFields {...part} />
      <DiskList {...part} />
      <NicList {...part} />
      <FirmwareFields {...part} isFixed={false} />
      <Beginning {...part} />
      <details class="fold">
        <summary>Advanced</summary>
        <AboutFields {...part} />
        <AdvancedFields {...part} />
      </details>
      <WorkLine change={change} />
      <div class="buttons form-end">
        <button disabled={isBusy}>{isBusy ? "Making it…" : draft.start ? "Create and start" : "Create"}</button>
        <a class="button plain" href={pathTo("vms")}>
          Leave
        </a>
      </div>
    </form>
  );
}

function Chosen({ hosts, wanted }: { readonly hosts: readonly Host[]; readonly wanted: string | null }) {
  const me = useMe();
  const able = hosts.filter((host) => virtualOf(host) !== null && mayAsk(me, host, "vm.create"));
  const host = able.find(({ name }) => name === wanted) ?? able[0];
  const virtual = host ? virtualOf(host) : null;
  if (!host || !virtual)
    return (
      <Empty title="There is no host for it">
        <p>No host that you may make virtual machines on has a hypervisor.</p>
        <a class="button plain" href={pathTo("vms")}>
          To the virtual machines
        </a>
      </Empty>
    );
  const choose = (name: string) => navigate(pathTo("vmNew", {}, { host: name }), true);
  // Another host declares other things: a form of its own.
  return <CreateForm key={host.id} host={host} hosts={able} virtual={virtual} onHost={choose} />;
}

export function VmNew({ query }: ScreenProps) {
  const hosts = useResource("hosts", allHosts);
  return (
    <Screen title="New virtual machine" up={[pathTo("vms"), "Virtual machines"]}>
      <Loaded of={hosts}>{(all) => <Chosen hosts={all} wanted={query.get("host")} />}</Loaded>
    </Screen>
  );
}
