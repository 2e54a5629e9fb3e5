// The catalogue of operations, and calls: a question to a host that is answered at once.
import * as z from "zod";
import type { operationSchema } from "../../../protocol/api/shapes.ts";
import { AppError, unwrap } from "../../../protocol/errors.ts";
import { OPERATIONS } from "../../../protocol/operations/index.ts";
import type { OperationDefinition } from "../../../protocol/operations/define.ts";
import { hostObject } from "../../fleet/objects.ts";
import { accessOf, actorOf, hostIn, type Handlers } from "../call.ts";
import { json } from "../respond.ts";
import { authoriseOperation, operationIn, specOf } from "./submission.ts";

type Shown = z.infer<typeof operationSchema>;

function show(operation: OperationDefinition): Shown {
  return {
    name: operation.name,
    summary: operation.summary,
    risk: operation.risk,
    idempotent: operation.idempotent,
    plannable: operation.plannable,
    timeout_ms: { ...operation.timeoutMs },
    resource_spec: z.toJSONSchema(operation.spec, { io: "input" }),
    data: z.toJSONSchema(operation.data),
    rules: operation.rules.map(({ name, pointer, message }) => ({ name, pointer, message })),
  };
}

/** Made once: the registry does not change while the Worker runs. */
let shown: ReadonlyMap<string, Shown> | null = null;
const all = () => (shown ??= new Map(Object.values(OPERATIONS).map((operation) => [operation.name, show(operation)])));

export const operationHandlers: Pick<Handlers, "operations" | "operation" | "calls"> = {
  operations: (call) => json(call.requestId, 200, { items: [...all().values()], next_cursor: null }),

  operation(call) {
    const found = all().get(call.params.operation);
    if (!found) throw new AppError("NOT_FOUND");
    return json(call.requestId, 200, found);
  },

  async calls(call) {
    const operation = operationIn(call.body.operation);
    await authoriseOperation(accessOf(call), operation, () => hostIn(call));
    if (operation.risk !== "read") throw new AppError("OPERATION_NOT_A_CALL");
    const input = { actor: actorOf(call), operation: operation.name, resourceSpec: specOf(operation, call.body.resource_spec) };
    return json(call.requestId, 200, unwrap(await hostObject(call.env, hostIn(call).number).call(input)));
  },
};
