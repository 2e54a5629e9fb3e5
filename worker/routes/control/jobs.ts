// Jobs: submitted to one host or by labels, listed, shown, cancelled.
import type * as z from "zod";
import type { Job, jobsQuerySchema } from "../../../protocol/api/shapes.ts";
import { AppError, unwrap, type Outcome } from "../../../protocol/errors.ts";
import { ulidSchema } from "../../../protocol/ids.ts";
import type { OperationDefinition } from "../../../protocol/operations/define.ts";
import { findHost, mayOperate, visibilityOn, visibleHosts, type Target } from "../../auth/authorize.ts";
import type { Env } from "../../env.ts";
import { fleetOf, hostObject } from "../../fleet/objects.ts";
import { accessOf, actorOf, hostIn, type Access, type Call, type Handlers } from "../call.ts";
import { json } from "../respond.ts";
import { reading } from "../rpc.ts";
import { badCursor } from "./hosts.ts";
import { authoriseOperation, jobAnswer, operationIn, specOf, submissionOf } from "./submission.ts";

export const jobHandlers: Pick<Handlers, "submit" | "fanOut" | "jobs" | "job" | "jobCancel"> = {
  async submit(call) {
    const operation = operationIn(call.body.operation);
    await authoriseOperation(accessOf(call), operation, () => hostIn(call));
    const input = submissionOf(call, operation, specOf(operation, call.body.resource_spec), call.body, call.query);
    return jobAnswer(call, unwrap(await hostObject(call.env, hostIn(call).number).submit(input)));
  },

  async fanOut(call) {
    const operation = operationIn(call.body.operation);
    const { target } = call.body;
    return "host" in target ? submitTo(call, operation, target.host) : spread(call, operation, target.labels, target.pick);
  },

  async jobs(call) {
    const { caller, state } = accessOf(call);
    const { host: reference, cursor } = call.query;
    if (cursor !== undefined && !ulidSchema.safeParse(cursor).success) throw badCursor();
    if (reference !== undefined) {
      const host = findHost(caller, state, reference);
      const visibility = visibilityOn(caller, host, "reader");
      const query = withoutHost(call.query);
      return json(call.requestId, 200, await reading(() => hostObject(call.env, host.number).jobs(query, visibility)));
    }
    const visible = visibleHosts(caller, state);
    return json(call.requestId, 200, await reading(() => fleetOf(call.env).jobs(call.query, visible)));
  },

  async job(call) {
    return json(call.requestId, 200, unwrap(await findJob(call.env, accessOf(call).target)));
  },

  async jobCancel(call) {
    const { target } = accessOf(call);
    const actor = actorOf(call);
    if (target.kind === "parent")
      return json(call.requestId, 202, unwrap(await fleetOf(call.env).parentCancel(actor, target.id, target.visible)));
    if (target.kind !== "job") throw new AppError("INTERNAL");
    return json(call.requestId, 202, unwrap(await hostObject(call.env, target.hostNumber).cancel(actor, target.id, target.visibility)));
  },
};

/** The job that a rule of kind `job` found in the path, as far as the caller may see it. */
export async function findJob(env: Env, target: Target): Promise<Outcome<Job>> {
  if (target.kind === "parent") return reading(() => fleetOf(env).parent(target.id, target.visible));
  if (target.kind !== "job") throw new AppError("INTERNAL");
  return reading(() => hostObject(env, target.hostNumber).job(target.id, target.visibility));
}

type Query = z.output<typeof jobsQuerySchema>;

function withoutHost({ host: _host, ...query }: Query): Omit<Query, "host"> {
  return query;
}

async function submitTo(call: Call<"fanOut">, operation: OperationDefinition, reference: string): Promise<Response> {
  const access = accessOf(call);
  const host = () => findHost(access.caller, access.state, reference);
  await authoriseOperation(access, operation, host);
  const input = submissionOf(call, operation, specOf(operation, call.body.resource_spec), call.body, call.query);
  return jobAnswer(call, unwrap(await hostObject(call.env, host().number).submit(input)));
}

/** The Fleet picks among the hosts on which every credential covers the operation. */
async function spread(call: Call<"fanOut">, operation: OperationDefinition, labels: string[], pick: "one" | "all"): Promise<Response> {
  const access = accessOf(call);
  if (operation.risk === "destructive") await access.refresh();
  const input = submissionOf(call, operation, specOf(operation, call.body.resource_spec), call.body, call.query);
  const job = unwrap(await fleetOf(call.env).fanOut({ ...input, labels, pick, allowedHosts: allowed(access, operation) }));
  return jobAnswer(call, job);
}

function allowed({ caller, state }: Access, operation: OperationDefinition): number[] {
  const hosts = [...state.hosts.values()].filter((host) => mayOperate(caller, host, operation));
  if (hosts.length === 0) throw new AppError("NO_HOST_MATCHES");
  return hosts.map((host) => host.number);
}
