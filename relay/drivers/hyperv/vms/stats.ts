// Statistics with rates: vm.stats. The agent says what Hyper-V has counted until now; the reading before is kept here.
import * as z from "zod";
import { VM_STATES } from "../../../../protocol/operations/vm-view.ts";
import { CounterHistory, type Counters } from "../../virtual/stats/history.ts";
import { statsOf, statsSentence } from "../../virtual/stats/rates.ts";
import type { HandlersOf, Parts } from "../parts.ts";

const counted = z.number().min(0);

/** What the agent answers: counters, null where it is not certain whose they are. */
const countedSchema = z.object({
  id: z.string().max(64),
  state: z.enum(VM_STATES),
  /** Of a clock that only goes on. */
  at_ms: counted,
  run: z.string().max(32).nullable(),
  cpus: z.int().min(1),
  cpu_time_ms: counted.nullable(),
  memory_assigned_bytes: z.int().min(0),
  memory_used_bytes: z.int().min(0).nullable(),
  disks: z
    .array(z.object({ id: z.string(), read_bytes: counted, written_bytes: counted, reads: counted, writes: counted }))
    .max(512)
    .nullable(),
  nics: z
    .array(z.object({ id: z.string(), received_bytes: counted, sent_bytes: counted }))
    .max(64)
    .nullable(),
});
type Counted = z.infer<typeof countedSchema>;

const countersOf = (read: Counted): Counters => ({
  atMs: read.at_ms,
  run: read.run,
  cpus: read.cpus,
  cpuMs: read.cpu_time_ms,
  memoryBytes: read.memory_assigned_bytes,
  memoryUsedBytes: read.memory_used_bytes,
  disks:
    read.disks?.map(({ id, read_bytes: readBytes, written_bytes: writtenBytes, reads, writes }) => ({
      id,
      readBytes,
      writtenBytes,
      reads,
      writes,
    })) ?? null,
  nics: read.nics?.map(({ id, received_bytes: receivedBytes, sent_bytes: sentBytes }) => ({ id, receivedBytes, sentBytes })) ?? null,
});

export const vmStatsHandlers = ({ session }: Parts): HandlersOf<"vm.stats"> => {
  const history = new CounterHistory();
  return {
    async "vm.stats"({ vm }, context) {
      const read = await session.askAs(countedSchema, { operation: "vm.stats", spec: { vm } }, context);
      const now = countersOf(read);
      const data = statsOf(read.id, read.state, now, history.exchange(read.id, now));
      return { status: "success", message: statsSentence(data), data };
    },
  };
};
