// Choosing the host for what changes models: exactly one, because nothing here may happen twice or somewhere else.
import { AppError } from "../../../protocol/errors.ts";
import { mayUseEveryModel } from "../../auth/authorize.ts";
import { hostsOf, inOrder, mayUseModel, namesOf, offline, servicesFor, shown, type Candidate, type Wanted } from "../../routing/models.ts";
import type { Asking } from "./ask.ts";
import { proven } from "./ask.ts";
import type { Names } from "./names.ts";
import type { PassedBody } from "./passed-body.ts";

/** Services of the dialect whose host lets models be managed. */
function managed(wanted: Wanted): Candidate[] {
  const services = servicesFor(wanted);
  const open = services.filter(({ service }) => service.manage);
  if (open.length > 0) return open;
  if (services.length > 0) throw new AppError("SERVICE_ROUTE_NOT_ALLOWED");
  throw new AppError("MODEL_NOT_FOUND", { detail: "There is no server for this surface on a host where you may manage models." });
}

const has =
  (name: string) =>
  ({ service }: Candidate) =>
    service.models.some(({ id }) => id === name || namesOf(service, id).includes(name));

/** The only one of these; throws HOST_AMBIGUOUS or MODEL_OFFLINE. */
function theOnly(candidates: readonly Candidate[], inFlight: (hostNumber: number) => number): Candidate[] {
  if (candidates.length > 1)
    throw new AppError("HOST_AMBIGUOUS", { detail: `Several hosts could do this: ${shown(hostsOf(candidates))}.` });
  const there = inOrder(candidates, inFlight);
  if (there.length === 0) throw offline(candidates);
  return there;
}

/** Every name must be the caller's to manage there, and be what the server will read. */
function allowed(wanted: Wanted, names: Names, body: PassedBody | null, candidate: Candidate): Candidate {
  const { host, service } = candidate;
  if (mayUseEveryModel(wanted.caller, host, wanted.use, wanted.surface)) return candidate;
  if (body !== null) proven(wanted, names, body, candidate);
  const named = names.model === null ? names.all : [names.model, ...names.all];
  if (!named.every((name) => mayUseModel(wanted, host, service, name))) throw new AppError("FORBIDDEN");
  return candidate;
}

/** For a model that may not be there yet (pull, create, load): a service that has it already does not matter. */
export const chooseManaged: Asking["choose"] = (wanted, names, body, plane) => {
  if (names.model === null && body?.names != null && body.rest === null) throw new AppError("MODEL_MISSING");
  return theOnly(managed(wanted), plane.inFlight).map((one) => allowed(wanted, names, body, one));
};

/** For a model that must be there (delete, copy, push, unload). */
export const chooseOwner: Asking["choose"] = (wanted, names, body, plane) => {
  if (names.model === null) return chooseManaged(wanted, names, body, plane);
  const services = managed(wanted);
  const owners = services.filter(has(names.model));
  return theOnly(owners.length > 0 ? owners : services, plane.inFlight).map((one) => allowed(wanted, names, body, one));
};

/** For what names no model (blobs, the state of a download): a caller of some models only may not. */
export const chooseHost: Asking["choose"] = (wanted, _names, _body, plane) => {
  const services = wanted.use === "model.manage" ? managed(wanted) : servicesFor(wanted);
  if (services.length === 0) throw new AppError("MODEL_NOT_FOUND");
  return theOnly(services, plane.inFlight).map((one) => {
    if (!mayUseEveryModel(wanted.caller, one.host, wanted.use, wanted.surface)) throw new AppError("MODEL_UNPROVEN");
    return one;
  });
};
