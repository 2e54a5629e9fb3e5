// Going back to a snapshot: disks, memory and hardware of then. What the product itself keeps about the machine (tags, protection)
// stays as it is now.
import { changeResult, isPlan, type Change } from "../../virtual/changes.ts";
import { metadataArguments } from "../domain/metadata.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import { isActive, type ReadVm, type Session, type VmState } from "../session.ts";
import { longCall } from "./long-call.ts";
import { pick, refuseReverting } from "./standing.ts";
import { currentSnapshot, listSnapshots, type ReadSnapshot } from "./view.ts";

/** virDomainSnapshotRevertFlags. Force: QEMU may be started anew for it, which is what reverting means here anyway. */
const FLAGS = { "as-saved": 4, running: 1 | 4, off: 2 | 4 } as const;
/** virDomainModificationImpact. */
const CONFIG = 2;
const LIVE = 1;

type Power = keyof typeof FLAGS;

/** What is kept of a machine that runs is run or paused; of any other it is off. */
function stateAfter(snapshot: ReadSnapshot, power: Power): VmState {
  if (power === "running") return "running";
  if (power === "off" || !isActive(snapshot.state)) return "off";
  return snapshot.state;
}

async function revert(session: Session, vm: ReadVm, snapshot: ReadSnapshot, power: Power, options: object): Promise<void> {
  // Memory that was saved on disks that are others then would destroy their file systems.
  if (vm.state === "saved") await session.client.call("domainManagedSaveRemove", { domain: vm.domain, flags: 0 });
  const wasRunning = isActive(snapshot.state);
  const flags = power === "off" && !wasRunning ? FLAGS["as-saved"] : FLAGS[power];
  await session.client.call("domainRevertToSnapshot", { snapshot: snapshot.ref, flags }, options);
  if (power === "off" && wasRunning) await session.client.call("domainDestroyFlags", { domain: vm.domain, flags: 0 });
}

async function keepMetadata(session: Session, { domain, facts }: ReadVm): Promise<VmState> {
  const now = await session.read(domain.uuid);
  if (JSON.stringify(now.facts.metadata) !== JSON.stringify(facts.metadata)) {
    const flags = isActive(now.state) ? CONFIG | LIVE : CONFIG;
    await session.client.call("domainSetMetadata", { domain, ...metadataArguments(facts.metadata), flags });
  }
  return now.state;
}

export function revertHandler({ session, storage }: Parts): HandlersOf<"snapshot.revert">["snapshot.revert"] {
  return async ({ vm: id, snapshot: name, power }, context) => {
    const vm = await session.read(id);
    const { domain } = vm;
    const snapshot = pick(await listSnapshots(session, domain), name);
    await refuseReverting(session, storage, vm, snapshot);
    const after = stateAfter(snapshot, power);
    const changes: Change[] = [{ field: "snapshot", from: await currentSnapshot(session, domain), to: name, needs_restart: false }];
    if (after !== vm.state) changes.push({ field: "state", from: vm.state, to: after, needs_restart: false });
    const outcome = { id: name, changes, message: `${vm.facts.name} back at snapshot ${name}` };
    if (isPlan(context)) return changeResult(context, { ...outcome, more: { state: after } });
    try {
      await longCall(session, { domain, ask: context, what: "going back" }, (options) => revert(session, vm, snapshot, power, options));
    } catch (error) {
      // It may have gone back though nobody said so: what protects the machine stays in force.
      await keepMetadata(session, vm).catch(() => context.log("warn", "the machine's tags and protection may be those of the snapshot"));
      throw error;
    }
    const state = await keepMetadata(session, vm);
    return changeResult(context, { ...outcome, more: { state } });
  };
}
