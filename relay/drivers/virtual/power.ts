// From which states a machine can be brought into which. Same for each hypervisor; how it is done is the driver's.
import type * as z from "zod";
import type { vmSummaryData } from "../../../protocol/operations/vm-view.ts";

export type VmState = z.infer<typeof vmSummaryData>["state"];

/** It has memory and processors of the host. */
export const isActive = (state: VmState): boolean => !["off", "saved", "crashed"].includes(state);

export interface PowerMove {
  /** States in which it is there already. */
  readonly there: readonly VmState[];
  /** States from which it can be had; any other is refused. */
  readonly from: readonly VmState[];
  /** Completes "The virtual machine is off; …". */
  readonly else: string;
  readonly to: VmState;
}

const ON = ["running", "starting"] as const;

export const POWER_MOVES = {
  "vm.start": { there: ON, from: ["off", "saved"], else: "resume it, or wait until it is off", to: "running" },
  "vm.shutdown": {
    there: ["off", "saved", "crashed"],
    from: ["running", "starting", "stopping"],
    else: "its guest hears nothing",
    to: "off",
  },
  "vm.stop": {
    there: ["off", "saved"],
    from: ["running", "paused", "starting", "stopping", "crashed", "unknown"],
    else: "it cannot be turned off",
    to: "off",
  },
  "vm.reboot": { there: [], from: ON, else: "only a running one can restart", to: "running" },
  "vm.reset": { there: [], from: ["running", "paused", "starting", "stopping"], else: "only a running one can be reset", to: "running" },
  "vm.suspend": { there: ["paused"], from: ON, else: "only a running one can be paused", to: "paused" },
  "vm.resume": { there: ON, from: ["paused"], else: "only a paused one can go on; start it", to: "running" },
  "vm.save": { there: ["saved"], from: ["running", "paused"], else: "only a running one has something to save", to: "saved" },
} as const satisfies Record<string, PowerMove>;

/** What a shutdown that may turn the machine off begins from. */
export const FORCED_SHUTDOWN_FROM: readonly VmState[] = ["running", "starting", "stopping", "paused", "unknown"];
