// Verbs of administration, with their help. Code of a verb is loaded only when it runs.
import { JSON_OPTION, LIMIT_OPTION, type Verb } from "./verb.ts";

export const ADMINISTRATION_VERBS = {
  keys: {
    summary: "API keys and what they may do",
    usage: ["keys [list]", "keys create NAME [options]", "keys revoke ID"],
    options: {
      role: { type: "string", value: "ROLE", help: "create: reader, operator (the default) or admin" },
      host: { type: "string", value: "HOST", help: "create: a host by name or id (default: all); may be repeated", multiple: true },
      label: { type: "string", value: "LABEL", help: "create: hosts with these labels instead; may be repeated", multiple: true },
      operation: {
        type: "string",
        value: "PATTERN",
        help: "create: `command.run`, `host.*` (default `*`); may be repeated",
        multiple: true,
      },
      use: {
        type: "string",
        value: "PATTERN",
        help: "create: `model.use`, `model.list`, `terminal.*`, `service.NAME`; beside operations; may be repeated",
        multiple: true,
      },
      model: { type: "string", value: "PATTERN", help: "create: only these models, `llama*`; may be repeated", multiple: true },
      surface: {
        type: "string",
        value: "NAME",
        help: "create: only these surfaces: openai, ollama, ingest, lmstudio, service; may be repeated",
        multiple: true,
      },
      expires: { type: "string", value: "TIME", help: "create: after this long (30d)" },
      import: { type: "string", value: "-|@FILE", help: "create: accept an existing secret instead of making one" },
      ...LIMIT_OPTION,
      ...JSON_OPTION,
    },
    examples: [
      ["farhand keys create ci --role operator --host vm100 --operation command.run", "the secret is shown once"],
      ["farhand keys create chat --use 'model.*' --model 'llama*' --surface openai", "some models, on one surface"],
      ["farhand keys create old --import - < old-key.txt", "callers keep the key that they have"],
      ["farhand keys revoke 01J…", "fails everywhere within 5 s"],
    ],
    load: () => import("./keys.ts"),
  },
  audit: {
    summary: "Who changed what",
    usage: ["audit [--object OBJECT] [--principal PRINCIPAL]"],
    options: {
      object: { type: "string", value: "OBJECT", help: "`fleet`, or a host's id" },
      principal: { type: "string", value: "WHO", help: "user:…, key:… or token:…" },
      ...LIMIT_OPTION,
      ...JSON_OPTION,
    },
    examples: [["farhand audit --limit 20", "newest first"]],
    load: () => import("./audit.ts"),
  },
} as const satisfies Readonly<Record<string, Verb>>;
