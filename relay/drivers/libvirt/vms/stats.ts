// Statistics with rates: vm.stats.
import { VmFailure } from "../../virtual/failure.ts";
import { CounterHistory, type Counters } from "../../virtual/stats/history.ts";
import { statsOf, statsSentence, type StatsData } from "../../virtual/stats/rates.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import type { Session } from "../session.ts";
import { readCounters } from "./counters.ts";

/** virDomainStatsTypes: state, processors (together and each), balloon, interfaces, disks. */
const STATS = 1 | 2 | 4 | 8 | 16 | 32;

export const vmStatsHandlers = ({ session }: Parts): HandlersOf<"vm.stats"> => {
  const history = new CounterHistory();
  return {
    async "vm.stats"({ vm }) {
      const data = await read(session, history, vm.toLowerCase());
      return { status: "success", message: statsSentence(data), data };
    },
  };
};

/** libvirt finds a domain by its UUID alone. */
async function read(session: Session, history: CounterHistory, uuid: string): Promise<StatsData> {
  const domain = { name: "-", uuid, id: -1 };
  try {
    const [state, root, { records }] = await Promise.all([
      session.state(domain),
      session.xml(domain, "running"),
      session.client.call("connectGetAllDomainStats", { domains: [domain], stats: STATS, flags: 0 }),
    ]);
    const now: Counters = readCounters(root, records[0]?.parameters ?? [], performance.now());
    return statsOf(uuid, state, now, history.exchange(uuid, now));
  } catch (error) {
    if (isLibvirtError(error, "NO_DOMAIN")) throw new VmFailure("VM_NOT_FOUND", undefined, undefined, { cause: error });
    throw error;
  }
}
