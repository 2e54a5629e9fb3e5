// What most machines leave as it is: topology, boot order, what happens with the host, protection. And what people say of a machine.
import { CheckField, TextField } from "./field.tsx";
import { DraftCheck, DraftCode, DraftNumber, DraftSelect } from "./vm-draft-field.tsx";
import type { HardwareDraft } from "./vm-draft.ts";
import type { Part } from "./vm-part.ts";
import { NumberField } from "./vm-size.tsx";

function Topology(part: Part<HardwareDraft>) {
  const { draft, change, errorsAt, has } = part;
  if (!has("cpu_topology")) return null;
  const wrong = errorsAt("/cpu_topology");
  return (
    <>
      <CheckField
        label="Say sockets, cores and threads"
        hint="Their product is the number of processors"
        checked={draft.hasTopology}
        errors={draft.hasTopology ? [] : wrong}
        onCheck={(hasTopology) => change({ hasTopology, ...(hasTopology ? { sockets: "1", cores: draft.cpus, threads: "1" } : {}) })}
      />
      {draft.hasTopology && (
        <div class="inset three">
          <NumberField
            label="Sockets"
            value={draft.sockets}
            errors={[...wrong, ...errorsAt("/cpu_topology/sockets")]}
            onInput={(sockets) => change({ sockets })}
          />
          <DraftNumber of={part} name="cores" field="cpu_topology/cores" label="Cores" />
          <DraftNumber of={part} name="threads" field="cpu_topology/threads" label="Threads" />
        </div>
      )}
    </>
  );
}

const CONDITIONS = [["", "as usual"], "always", ["if-running", "if it ran before"]] as const;
const STOP_ACTIONS = [
  ["", "as usual"],
  ["shutdown", "shut it down"],
  ["save", "save it"],
  ["turn-off", "turn it off"],
] as const;

function WithHost(part: Part<HardwareDraft>) {
  const { draft, guide } = part;
  return (
    <>
      <DraftCheck of={part} name="autostart" field="autostart" label="Start with the host" />
      {draft.autostart && (
        <>
          <DraftSelect
            of={part}
            name="condition"
            field="autostart_condition"
            label="When"
            hint={guide("autostart_condition")}
            choices={CONDITIONS}
          />
          <DraftNumber of={part} name="delayS" field="autostart_delay_ms" label="After so many seconds" />
        </>
      )}
      <DraftSelect
        of={part}
        name="stopAction"
        field="stop_action"
        label="When the host stops"
        hint={guide("stop_action")}
        choices={STOP_ACTIONS}
      />
    </>
  );
}

export function AdvancedFields(part: Part<HardwareDraft>) {
  const { guide } = part;
  return (
    <>
      <Topology {...part} />
      <DraftCode of={part} name="bootOrder" field="boot_order" label="Boot order" hint={guide("boot_order")} placeholder="disk0 nic0" />
      <DraftCheck of={part} name="nested" field="nested" label="Nested" hint={guide("nested")} />
      <WithHost {...part} />
      <DraftCheck of={part} name="protection" field="deletion_protection" label="Protect against deletion" />
    </>
  );
}

const SYSTEMS = [["", "not said"], ["linux", "Linux"], ["windows", "Windows"], "other"] as const;

export function AboutFields(part: Part<HardwareDraft>) {
  const { draft, change, errorsAt } = part;
  return (
    <>
      <DraftSelect of={part} name="os_family" field="os_family" label="System of the guest" choices={SYSTEMS} />
      <TextField
        label="Tags"
        hint="Lower case, separated by spaces"
        isCode
        value={draft.tags}
        errors={[...errorsAt("/tags"), ...draft.tags.split(/[\s,]+/).flatMap((_tag, index) => errorsAt(`/tags/${index}`))]}
        onInput={(tags) => change({ tags })}
      />
      <TextField
        label="Notes"
        rows={3}
        value={draft.description}
        errors={errorsAt("/description")}
        onInput={(description) => change({ description })}
      />
    </>
  );
}
