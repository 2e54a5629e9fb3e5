// Processors and memory of a virtual machine: fixed, or dynamic between two bounds.
import { SelectField } from "./field.tsx";
import { DraftCheck, DraftNumber, DraftSelect, DraftSize } from "./vm-draft-field.tsx";
import type { HardwareDraft } from "./vm-draft.ts";
import type { Part } from "./vm-part.ts";
import type { VirtualResources } from "../vm/contract.ts";

const PROCESSORS = [1, 2, 4, 8];

function Dynamic(part: Part<HardwareDraft>) {
  const { guide } = part;
  return (
    <div class="inset">
      <DraftSize of={part} name="memoryMin" field="memory_min_bytes" label="At least" hint={guide("memory_min_bytes")} />
      <DraftSize of={part} name="memoryMax" field="memory_max_bytes" label="At most" hint={guide("memory_max_bytes")} />
      <DraftNumber
        of={part}
        name="buffer"
        field="memory_buffer_percent"
        label="Reserve, percent"
        hint="Beyond what the guest uses, kept ready for it"
      />
    </div>
  );
}

export function MachineFields(part: Part<HardwareDraft>) {
  const { draft, change, guide, has } = part;
  const isOffered = has("memory_min_bytes") || has("memory_max_bytes");
  return (
    <fieldset class="card">
      <legend>Processors and memory</legend>
      <DraftNumber of={part} name="cpus" field="cpus" label="Processors" hint={guide("cpus")} isRequired />
      <div class="quick" role="group" aria-label="Usual numbers of processors">
        {PROCESSORS.map((count) => (
          <button
            key={count}
            type="button"
            class="plain"
            aria-pressed={draft.cpus === String(count)}
            onClick={() => change({ cpus: String(count) })}
          >
            {count}
          </button>
        ))}
      </div>
      <DraftSize of={part} name="memory" field="memory_bytes" label="Memory" hint={guide("memory_bytes")} isRequired />
      {isOffered && (
        <SelectField
          label="The host gives it"
          value={draft.isDynamic ? "dynamic" : "fixed"}
          choices={[
            ["fixed", "always this much"],
            ["dynamic", "more or less, as it needs"],
          ]}
          onChoose={(kind) => change({ isDynamic: kind === "dynamic" })}
        />
      )}
      {isOffered && draft.isDynamic && <Dynamic {...part} />}
    </fieldset>
  );
}

/** What Hyper-V's own tools call it. */
const GENERATIONS = { uefi: "generation 2", bios: "generation 1" } as const;
const NAMES = { uefi: "UEFI", bios: "BIOS" } as const;
const nameOf = (firmware: HardwareDraft["firmware"], { hypervisor }: VirtualResources): string =>
  hypervisor === "hyperv" ? `${NAMES[firmware]} (${GENERATIONS[firmware]})` : NAMES[firmware];

const KEYS = [
  ["", "by the guest's system"],
  ["microsoft-windows", "Microsoft, Windows"],
  ["microsoft-uefi-ca", "Microsoft, others"],
  "open-source-shielded-vm",
] as const;

export function FirmwareFields(part: Part<HardwareDraft> & { readonly isFixed: boolean }) {
  const { draft, change, errorsAt, guide, has, isFixed, virtual } = part;
  const isUefi = draft.firmware === "uefi";
  return (
    <fieldset class="card">
      <legend>Firmware</legend>
      {isFixed ? (
        <p>
          {nameOf(draft.firmware, virtual)} <span class="soft">fixed since it was made</span>
        </p>
      ) : (
        <SelectField
          label="Kind"
          hint={virtual.hypervisor === "hyperv" ? "Fixed from then on" : guide("firmware")}
          value={draft.firmware}
          choices={(["uefi", "bios"] as const).map((firmware) => [firmware, nameOf(firmware, virtual)] as const)}
          errors={errorsAt("/firmware")}
          onChoose={(firmware) => change({ firmware: firmware as HardwareDraft["firmware"] })}
        />
      )}
      {isUefi && <DraftCheck of={part} name="secureBoot" field="secure_boot" label="Secure boot" />}
      {isUefi && draft.secureBoot && has("secure_boot") && (
        <DraftSelect of={part} name="template" field="secure_boot_template" label="Keys" choices={KEYS} />
      )}
      {isUefi && <DraftCheck of={part} name="tpm" field="tpm" label="TPM" />}
      {!isUefi && <p class="hint">Secure boot and TPM take UEFI.</p>}
    </fieldset>
  );
}
