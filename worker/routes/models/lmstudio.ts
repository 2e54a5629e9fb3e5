// LM Studio's own interface under /lmstudio: `/lmstudio/api/v1/chat` is `/api/v1/chat` of a host's LM Studio. Only the paths
// that it has: it answers unknown ones with 200.
import { AppError } from "../../../protocol/errors.ts";
import { choose } from "../../routing/models.ts";
import { accessOf, type Handlers } from "../call.ts";
import { ask, chooseByName, freshly, pathOf, wantedOf, type AnyCall, type Asking } from "./ask.ts";
import { list, one, type Listing } from "./lists.ts";
import { chooseHost, chooseManaged, chooseOwner } from "./manage.ts";
import { decoded, splitPin } from "./names.ts";
import type { Plane } from "./plane.ts";

const PREFIX = "/lmstudio";
const LMSTUDIO = { dialect: "lmstudio", surface: "lmstudio" } as const;

type Action = (call: AnyCall, plane: Plane, path: string, version: Version) => Promise<Response>;
type Version = "v0" | "v1";
interface Entry {
  readonly version: Version;
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly act: Action;
}

const asking =
  (use: Asking["use"], keys: readonly string[], by: Asking["choose"], action?: string): Action =>
  (call, plane, path) =>
    ask(call, plane, { ...LMSTUDIO, use, keys, path, choose: by, ...(action === undefined ? {} : { action }) });
const use = asking("model.use", ["model"], chooseByName);

const LISTS: Readonly<Record<Version, Pick<Listing, "field" | "name" | "none">>> = {
  v0: { field: "data", name: "id", none: { object: "list", data: [] } },
  v1: { field: "models", name: "key", none: { models: [] } },
};
const models: Action = (call, plane, path, version) => list(call, plane, { ...LMSTUDIO, use: "model.list", path, ...LISTS[version] });

/** One model by the name in the path; a pin in it does not reach the upstream. */
const model: Action = async (call, plane, path) => {
  const { pathname, search } = new URL(path, "http://lmstudio");
  const { model: name, pin } = splitPin(decoded(pathname.slice("/api/v0/models/".length)));
  const [found] = await freshly(call, () =>
    choose(wantedOf(accessOf(call), { ...LMSTUDIO, use: "model.list" }, pin), name, plane.inFlight),
  );
  const own = pin === null ? path : `/api/v0/models/${name.split("/").map(encodeURIComponent).join("/")}${search}`;
  return one(call, plane, { ...LMSTUDIO, use: "model.list", path: own }, found!);
};

const ENTRIES: readonly Entry[] = [
  { version: "v0", method: "GET", path: /^models$/, act: models },
  { version: "v0", method: "GET", path: /^models\/.+$/, act: model },
  { version: "v0", method: "POST", path: /^(chat\/completions|completions|embeddings)$/, act: use },
  { version: "v1", method: "GET", path: /^models$/, act: models },
  { version: "v1", method: "POST", path: /^chat$/, act: use },
  { version: "v1", method: "POST", path: /^models\/load$/, act: asking("model.manage", ["model"], chooseManaged, "model.load") },
  { version: "v1", method: "POST", path: /^models\/download$/, act: asking("model.manage", ["model"], chooseManaged, "model.download") },
  { version: "v1", method: "POST", path: /^models\/unload$/, act: asking("model.manage", ["instance_id"], chooseOwner, "model.unload") },
  { version: "v1", method: "GET", path: /^models\/download\/status\/[^/]+$/, act: asking("model.list", [], chooseHost) },
];

function route(plane: Plane, version: Version, call: AnyCall): Promise<Response> {
  const path = pathOf(call.request.url).slice(PREFIX.length);
  const rest = path.replace(/\?.*$/s, "").slice(`/api/${version}/`.length);
  const method = call.request.method === "HEAD" ? "GET" : call.request.method;
  const there = ENTRIES.filter((entry) => entry.version === version && entry.path.test(rest));
  if (there.length === 0) throw new AppError("ROUTE_NOT_FOUND");
  const entry = there.find((one) => one.method === method);
  if (!entry) throw new AppError("METHOD_NOT_ALLOWED");
  return entry.act(call, plane, path, version);
}

export function lmstudioRoutes(plane: Plane): Pick<Handlers, "lmstudioV0" | "lmstudioV1"> {
  return {
    lmstudioV0: (call) => route(plane, "v0", call),
    lmstudioV1: (call) => route(plane, "v1", call),
  };
}
