// The Ollama surface, /api: lists and facts of the servers themselves, requests by model, management by grant.
import { AppError } from "../../../protocol/errors.ts";
import { offline, servicesFor, inOrder } from "../../routing/models.ts";
import { accessOf, type Handlers } from "../call.ts";
import { ask, chooseByName, pathOf, wantedOf, type AnyCall, type Asking } from "./ask.ts";
import { generate } from "./ingest.ts";
import { list, one } from "./lists.ts";
import { chooseHost, chooseManaged, chooseOwner } from "./manage.ts";
import type { Plane } from "./plane.ts";

type Names =
  | "ollamaTags"
  | "ollamaPs"
  | "ollamaVersion"
  | "ollamaShow"
  | "ollamaChat"
  | "ollamaGenerate"
  | "ollamaEmbed"
  | "ollamaEmbeddings"
  | "ollamaCreate"
  | "ollamaCopy"
  | "ollamaDelete"
  | "ollamaPull"
  | "ollamaPush"
  | "ollamaBlobHead"
  | "ollamaBlobPut";

const OLLAMA = { dialect: "ollama", surface: "ollama" } as const;
/** `name` is what older clients send for `model`; Ollama still reads it. */
const NAMED = ["model", "name"] as const;

export function ollamaRoutes(plane: Plane): Pick<Handlers, Names> {
  const path = (call: AnyCall) => pathOf(call.request.url);
  const lists = (call: AnyCall) =>
    list(call, plane, { ...OLLAMA, use: "model.list", path: path(call), field: "models", name: "name", none: { models: [] } });
  const use = (call: AnyCall) => ask(call, plane, { ...OLLAMA, use: "model.use", keys: ["model"], path: path(call), choose: chooseByName });
  const manage = (action: string, keys: readonly string[], choose: Asking["choose"]) => (call: AnyCall) =>
    ask(call, plane, { ...OLLAMA, use: "model.manage", action: `model.${action}`, keys, path: path(call), choose });
  return {
    ollamaTags: lists,
    ollamaPs: lists,
    ollamaVersion: (call) => version(call, plane),
    ollamaShow: (call) => ask(call, plane, { ...OLLAMA, use: "model.list", keys: NAMED, path: path(call), choose: chooseByName }),
    ollamaChat: use,
    ollamaGenerate: (call) =>
      generate(call, plane, { ...OLLAMA, use: "model.use", keys: ["model"], path: path(call), choose: chooseByName }),
    ollamaEmbed: use,
    ollamaEmbeddings: use,
    ollamaCreate: manage("create", [...NAMED, "from"], chooseManaged),
    ollamaCopy: manage("copy", ["source", "destination"], chooseOwner),
    ollamaDelete: manage("delete", NAMED, chooseOwner),
    ollamaPull: manage("pull", NAMED, chooseManaged),
    ollamaPush: manage("push", NAMED, chooseOwner),
    ollamaBlobHead: (call) => ask(call, plane, { ...OLLAMA, use: "model.manage", keys: [], path: path(call), choose: chooseHost }),
    ollamaBlobPut: manage("upload", [], chooseHost),
  };
}

/** Of the best server there is. */
async function version(call: AnyCall, plane: Plane): Promise<Response> {
  const asking = { ...OLLAMA, use: "model.list", path: pathOf(call.request.url) } as const;
  const services = servicesFor(wantedOf(accessOf(call), asking, call.request.headers.get("x-farhand-host")));
  const [first] = inOrder(services, plane.inFlight);
  if (first) return one(call, plane, asking, first);
  if (services.length > 0) throw offline(services);
  throw new AppError("MODEL_NOT_FOUND", { detail: "There is no Ollama server that you may use." });
}
