// Lists that model servers keep themselves: one server's answer passes as it is, those of several are merged, and a caller of
// some models only sees those.
import { ERRORS, type ErrorCode } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { mayUseEveryModel } from "../../auth/authorize.ts";
import { inOrder, mayUseModel, offline, servicesFor, type Candidate } from "../../routing/models.ts";
import { accessOf } from "../call.ts";
import { json } from "../respond.ts";
import { openOf, refusal, wantedOf, type AnyCall, type Asking } from "./ask.ts";
import type { Plane } from "./plane.ts";
import { stillAllowed } from "./still.ts";

/** A server that takes longer is left out of a merged list. */
const DEADLINE_MS = 5_000;
const LIST_BYTES = 4 * LIMITS.modelScanBytes;

export interface Listing extends Pick<Asking, "dialect" | "surface" | "use" | "path"> {
  /** Field of the answer that holds the list, and of an item that names its model. */
  readonly field: string;
  readonly name: string;
  /** Where no server is visible. */
  readonly none: Record<string, unknown>;
}

type Item = Record<string, unknown>;
interface Answer {
  readonly candidate: Candidate;
  readonly value: Record<string, unknown>;
}

/** A pin may come in the header x-farhand-host. */
export async function list(call: AnyCall, plane: Plane, listing: Listing): Promise<Response> {
  const access = accessOf(call);
  const wanted = wantedOf(access, listing, call.request.headers.get("x-farhand-host"));
  const all = servicesFor(wanted);
  const there = inOrder(all, plane.inFlight);
  const [first] = there;
  if (!first && all.length > 0) throw offline(all);
  if (!first) return json(call.requestId, 200, listing.none);
  const seesEvery = mayUseEveryModel(access.caller, first.host, listing.use, listing.surface);
  if (there.length === 1 && seesEvery) return one(call, plane, listing, first);
  const asked = await Promise.all(there.map((candidate) => read(call, plane, listing, candidate)));
  const answers = asked.filter((answer): answer is Answer => !(answer instanceof Response));
  if (answers.length === 0) return asked.find((answer) => answer instanceof Response)!;
  const isVisible = ({ host, service }: Candidate, item: Item) => {
    const name = item[listing.name];
    return typeof name === "string" && mayUseModel({ ...wanted, caller: access.caller }, host, service, name);
  };
  return merged(call, listing, answers, isVisible);
}

/** One server's answer, untouched; the next one's where nothing reached it. */
export async function one(
  call: AnyCall,
  plane: Plane,
  listing: Pick<Asking, "dialect" | "surface" | "use" | "path">,
  candidate: Candidate,
) {
  const result = await plane.exchange(input(call, listing, candidate));
  return "response" in result ? result.response : refusal(call, listing.dialect, result.refused, candidate);
}

const input = (call: AnyCall, listing: Pick<Asking, "dialect" | "surface" | "use" | "path">, candidate: Candidate) => {
  const given = { ...call, access: accessOf(call) };
  const open = openOf(call, listing, candidate);
  return { ...given, host: candidate.host, open, body: null, contentLength: null, still: stillAllowed(given, listing, candidate) };
};

/** A server's list, or the answer that tells why there is none. Never throws. */
async function read(call: AnyCall, plane: Plane, listing: Listing, candidate: Candidate): Promise<Answer | Response> {
  const given = input(call, listing, candidate);
  const headers = new Headers({ accept: "application/json" });
  const asked = plane
    .exchange({ ...given, open: { ...given.open, method: "GET" }, headers })
    .then(async (result): Promise<Answer | Response> => {
      if ("refused" in result) return refusal(call, listing.dialect, result.refused, candidate);
      if (!result.response.ok) return result.response;
      const value = await objectIn(result.response);
      return value ? { candidate, value } : refusedBy(call, listing, candidate, "UPSTREAM_FAILED");
    })
    .catch(() => refusedBy(call, listing, candidate, "UPSTREAM_FAILED"));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<Response>((resolve) => {
    timer = setTimeout(() => resolve(refusedBy(call, listing, candidate, "LINK_TIMEOUT")), DEADLINE_MS);
  });
  return Promise.race([asked, deadline]).finally(() => clearTimeout(timer));
}

const refusedBy = (call: AnyCall, { dialect }: Listing, candidate: Candidate, code: ErrorCode) =>
  refusal(call, dialect, { code, message: ERRORS[code].message, untouched: true }, candidate);

/** A JSON object of bounded size; null: it is none, or broke off. */
export async function objectIn(response: Response): Promise<Record<string, unknown> | null> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      length += piece.length;
      if (length > LIST_BYTES) return null;
      pieces.push(piece);
    }
    const value: unknown = JSON.parse(Buffer.concat(pieces).toString());
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** The first answer with everyone's items; what several have comes once. */
function merged(
  call: AnyCall,
  { field, name }: Listing,
  answers: readonly Answer[],
  isVisible: (candidate: Candidate, item: Item) => boolean,
): Response {
  const items = new Map<unknown, Item>();
  for (const { candidate, value } of answers)
    for (const item of (Array.isArray(value[field]) ? value[field] : []) as Item[])
      if (typeof item === "object" && item !== null && isVisible(candidate, item) && !items.has(item[name])) items.set(item[name], item);
  const hosts = [...new Set(answers.map(({ candidate }) => candidate.host.name))].join(", ");
  return json(call.requestId, 200, { ...answers[0]!.value, [field]: [...items.values()] }, { "x-farhand-host": hosts });
}
