// Handlers of the routes of virtual machines (protocol/api/vm-routes.ts). Most are one operation; those with an answer of their
// own stand here by name.
import type { Route } from "../../../protocol/api/routes.ts";
import { VM_ROUTES } from "../../../protocol/api/vm-routes.ts";
import { AppError } from "../../../protocol/errors.ts";
import { VM_OPERATIONS } from "../../../protocol/operations/virtual-machines.ts";
import type { Handlers } from "../call.ts";
import { operationIn } from "../control/submission.ts";
import { bytes, json } from "../respond.ts";
import { vmConsoleHandlers } from "./consoles.ts";
import { vmListHandlers } from "./lists.ts";
import { answerChange, answerRead, type OperationCall } from "./operation.ts";

type Name = keyof typeof VM_ROUTES;
type VmHandlers = Pick<Handlers, Name>;

const SNAPSHOTS = VM_OPERATIONS["snapshot.list"];
const SCREENSHOT = VM_OPERATIONS["vm.screenshot"];

const own: Partial<VmHandlers> = {
  ...vmListHandlers,
  ...vmConsoleHandlers,

  vmScreenshot: (call) =>
    answerRead(call, SCREENSHOT, (data) => {
      const shot = SCREENSHOT.data.safeParse(data);
      if (!shot.success) throw new AppError("DRIVER_FAILED");
      return bytes(call.requestId, "image/png", Buffer.from(shot.data.png_base64, "base64"));
    }),

  snapshot(call) {
    const { snapshot, ...params } = call.params;
    return answerRead({ ...call, params }, SNAPSHOTS, (data) => {
      const found = SNAPSHOTS.data.safeParse(data).data?.items.find(({ name }) => name === snapshot);
      if (!found) throw new AppError("SNAPSHOT_NOT_FOUND");
      return json(call.requestId, 200, found);
    });
  },
};

/** The rule of such a route names the operation that it is. */
function handlerOf(route: Route) {
  const operation = operationIn(route.rule.who === "operation" ? (route.rule.operation ?? "") : "");
  if (operation.risk !== "read") return (call: OperationCall) => answerChange(call, operation);
  return (call: OperationCall) => answerRead(call, operation, (data) => json(call.requestId, 200, data));
}

const names = (Object.keys(VM_ROUTES) as Name[]).filter((name) => own[name] === undefined);

export const vmHandlers = {
  ...Object.fromEntries(names.map((name) => [name, handlerOf(VM_ROUTES[name])])),
  ...own,
} as VmHandlers;
