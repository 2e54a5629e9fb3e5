// Power of a virtual machine: what can be asked in the state that it is in. What hurts must be held.
import type { Host } from "../../protocol/api/shapes.ts";
import { useMe } from "../api/session.ts";
import type { ChangeRequest } from "./change.ts";
import { mayAsk, vmPath, type VmState } from "./contract.ts";
import { HoldButton } from "./hold.tsx";
import type { Change } from "./use-change.ts";

export interface PowerAct {
  readonly operation: string;
  readonly path: string;
  readonly action: string;
  readonly what: string;
  /** Only where it hurts. */
  readonly warning?: string;
  readonly states: readonly VmState[];
  /** Also offered in lists. */
  readonly isFirst?: boolean;
}

/** In a state that nobody knows everything may be asked. */
const ACTS: readonly PowerAct[] = [
  {
    operation: "vm.start",
    path: "start",
    action: "Start",
    what: "Starting",
    states: ["off", "saved", "crashed", "unknown"],
    isFirst: true,
  },
  { operation: "vm.resume", path: "resume", action: "Go on", what: "Going on", states: ["paused"], isFirst: true },
  {
    operation: "vm.shutdown",
    path: "shutdown",
    action: "Shut down",
    what: "Shutting down",
    states: ["running", "starting", "stopping", "unknown"],
    isFirst: true,
  },
  {
    operation: "vm.stop",
    path: "stop",
    action: "Stop",
    what: "Turning off",
    warning: "It is turned off as by its plug; what the guest has not written is lost.",
    states: ["running", "paused", "starting", "stopping", "crashed", "unknown"],
    isFirst: true,
  },
  { operation: "vm.reboot", path: "reboot", action: "Restart", what: "Restarting", states: ["running", "unknown"] },
  { operation: "vm.suspend", path: "suspend", action: "Pause", what: "Pausing", states: ["running"] },
  { operation: "vm.save", path: "save", action: "Save", what: "Saving its memory", states: ["running", "paused"] },
  {
    operation: "vm.reset",
    path: "reset",
    action: "Reset",
    what: "Resetting",
    warning: "It starts anew as by its button; what the guest has not written is lost.",
    states: ["running", "paused", "crashed", "unknown"],
  },
];

export const actsIn = (state: VmState): readonly PowerAct[] => ACTS.filter(({ states }) => states.includes(state));

export const powerRequest = (host: string, vm: string, act: PowerAct): ChangeRequest => ({
  method: "POST",
  path: `${vmPath(host, vm)}/${act.path}`,
});

interface PowerProps {
  readonly hostName: string;
  /** null: not known here; then what is not allowed is refused by the edge. */
  readonly host: Host | null;
  readonly vm: { readonly id: string; readonly state: VmState };
  readonly change: Change;
  readonly isShort?: boolean;
}

export function PowerButtons({ hostName, host, vm, change, isShort = false }: PowerProps) {
  const me = useMe();
  const acts = actsIn(vm.state).filter((act) => (!isShort || act.isFirst) && mayAsk(me, host, act.operation));
  if (acts.length === 0) return null;
  const isBusy = change.work?.isBusy ?? false;
  const run = (act: PowerAct) => void change.run(act.what, powerRequest(hostName, vm.id, act));
  return (
    <div class={isShort ? "power" : "power whole"} role="group" aria-label="Power">
      {acts.map((act) =>
        act.warning === undefined ? (
          <button
            key={act.path}
            type="button"
            class={act.path === "start" || act.path === "resume" ? "" : "plain"}
            disabled={isBusy}
            onClick={() => run(act)}
          >
            {act.action}
          </button>
        ) : (
          <HoldButton key={act.path} action={act.action} warning={act.warning} isDisabled={isBusy} onHeld={() => run(act)} />
        ),
      )}
    </div>
  );
}
