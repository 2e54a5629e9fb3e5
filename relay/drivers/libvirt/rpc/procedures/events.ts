// Events: their number for registering, the procedure that carries them, and what they say. Registering and withdrawing too.
import { domain, int, list, optional, string, struct, typedParameter, unsignedHyper, type Fields, type Value } from "../types.ts";
import { quick } from "./define.ts";

export const REGISTRATION = {
  connectDomainEventCallbackRegisterAny: quick(316, { event: int, domain: optional(domain) }, { callback: int }),
  connectDomainEventCallbackDeregisterAny: quick(317, { callback: int }, {}),
} as const;

const event = <F extends Fields>(id: number, procedure: number, fields: F) => ({
  id,
  procedure,
  message: struct({ callback: int, domain, ...fields }),
});

/** `id` is virDomainEventID; `detail`, `reason` and the like are libvirt's own numbers of that event. */
export const EVENTS = {
  lifecycle: event(0, 318, { event: int, detail: int }),
  reboot: event(1, 319, {}),
  ioError: event(6, 324, { path: string, alias: string, action: int, reason: string }),
  trayChange: event(10, 328, { alias: string, reason: int }),
  balloonChange: event(13, 331, { memoryKib: unsignedHyper }),
  deviceRemoved: event(15, 333, { alias: string }),
  blockJob: event(16, 339, { disk: string, type: int, status: int }),
  tunable: event(17, 346, { parameters: list(typedParameter) }),
  agentLifecycle: event(18, 348, { state: int, reason: int }),
  deviceAdded: event(19, 354, { alias: string }),
  jobCompleted: event(21, 363, { parameters: list(typedParameter) }),
  deviceRemovalFailed: event(22, 367, { alias: string }),
  metadataChange: event(23, 379, { type: int, uri: optional(string) }),
} as const;

export type EventName = keyof typeof EVENTS;
export type EventMessage<N extends EventName> = Value<(typeof EVENTS)[N]["message"]>;
/** One event; which one is said by `name`. */
export type LibvirtEvent = { [N in EventName]: { readonly name: N } & EventMessage<N> }[EventName];

const BY_PROCEDURE = new Map(
  Object.entries(EVENTS).map(([name, entry]) => [entry.procedure, { name: name as EventName, message: entry.message }]),
);

/** null: an event that was not asked for. */
export function findEvent(procedure: number): { readonly name: EventName; readonly message: (typeof EVENTS)[EventName]["message"] } | null {
  return BY_PROCEDURE.get(procedure) ?? null;
}
