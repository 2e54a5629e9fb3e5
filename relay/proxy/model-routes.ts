// Which routes of a model server are open, by its kind. Inference always; management only where the host's file and the
// edge both say so. `*` is one segment, a trailing `/**` any rest. Everything else of the server stays closed.
import type { ServiceKind } from "../../protocol/services.ts";

interface ModelRoutes {
  readonly inference: readonly string[];
  readonly management: readonly string[];
}

const OPENAI = [
  "GET /v1/models",
  "GET /v1/models/**",
  "POST /v1/chat/completions",
  "POST /v1/completions",
  "POST /v1/embeddings",
  "POST /v1/responses",
  "POST /v1/audio/transcriptions",
];

export const MODEL_ROUTES: Readonly<Record<Exclude<ServiceKind, "http">, ModelRoutes>> = {
  openai: { inference: OPENAI, management: [] },
  ollama: {
    inference: [
      ...OPENAI,
      "GET /api/tags",
      "GET /api/ps",
      "GET /api/version",
      "POST /api/show",
      "POST /api/chat",
      "POST /api/generate",
      "POST /api/embed",
      "POST /api/embeddings",
    ],
    management: [
      "POST /api/create",
      "POST /api/copy",
      "DELETE /api/delete",
      "POST /api/pull",
      "POST /api/push",
      "HEAD /api/blobs/*",
      "POST /api/blobs/*",
    ],
  },
  lmstudio: {
    inference: [
      ...OPENAI,
      "GET /api/v0/models",
      "GET /api/v0/models/**",
      "POST /api/v0/chat/completions",
      "POST /api/v0/completions",
      "POST /api/v0/embeddings",
      "GET /api/v1/models",
      "GET /api/v1/models/download/status/*",
      "POST /api/v1/chat",
    ],
    management: ["POST /api/v1/models/load", "POST /api/v1/models/unload", "POST /api/v1/models/download"],
  },
};
