// The OpenAI surface, /v1: lists come from the catalogue in the snapshot, everything else passes to a host as it is.
import { AppError } from "../../../protocol/errors.ts";
import { candidatesFor, modelsFor, offline, type ModelCandidate, type Wanted } from "../../routing/models.ts";
import { accessOf, type Handlers } from "../call.ts";
import { json } from "../respond.ts";
import { ask, chooseByName, freshly, pathOf, wantedOf, type AnyCall } from "./ask.ts";
import { decoded, splitPin } from "./names.ts";
import type { Plane } from "./plane.ts";

type Names = "openaiModels" | "openaiModel" | "openaiChat" | "openaiCompletions" | "openaiEmbeddings" | "openaiResponses";

const LIST = { dialect: "openai", surface: "openai", use: "model.list" } as const;
const USE = { dialect: "openai", surface: "openai", use: "model.use" } as const;

/** OpenAI's shape of a model, and under `farhand` what is known beyond it. `created` is not known: 0. */
function modelObject(id: string, candidates: readonly ModelCandidate[]): unknown {
  const loaded = candidates.map(({ model }) => model.loaded);
  const lengths = candidates.map(({ model }) => model.context_length).filter((length) => length !== null);
  return {
    id,
    object: "model",
    created: 0,
    owned_by: candidates[0]!.service.kind,
    farhand: {
      hosts: [...new Set(candidates.map(({ host }) => host.name))],
      loaded: loaded.includes(true) ? true : loaded.includes(null) ? null : false,
      context_length: lengths.length === 0 ? null : Math.max(...lengths),
      kind: candidates.find(({ model }) => model.kind !== null)?.model.kind ?? null,
    },
  };
}

const isThere = ({ host }: ModelCandidate) => host.online;
const wantedBy = (call: AnyCall, pin: string | null): Wanted => wantedOf(accessOf(call), LIST, pin);

export function openaiRoutes(plane: Plane): Pick<Handlers, Names> {
  const pass = (call: AnyCall) => ask(call, plane, { ...USE, keys: ["model"], path: pathOf(call.request.url), choose: chooseByName });
  return {
    openaiModels(call) {
      const byId = Map.groupBy(
        modelsFor(wantedBy(call, call.request.headers.get("x-farhand-host"))).filter(isThere),
        ({ model }) => model.id,
      );
      const data = [...byId].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, candidates]) => modelObject(id, candidates));
      return json(call.requestId, 200, { object: "list", data });
    },

    async openaiModel(call) {
      const { model: name, pin } = splitPin(decoded(call.params.model));
      if (name === "") throw new AppError("MODEL_MISSING");
      const there = await freshly(call, () => {
        const candidates = candidatesFor(wantedBy(call, pin), name);
        const online = candidates.filter(isThere);
        if (online.length === 0) throw offline(candidates);
        return online;
      });
      return json(call.requestId, 200, modelObject(there[0]!.model.id, there));
    },

    openaiChat: pass,
    openaiCompletions: pass,
    openaiEmbeddings: pass,
    openaiResponses: pass,
  };
}
