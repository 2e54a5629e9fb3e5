// Verbs of models, with their help. Code of a verb is loaded only when it runs.
import { JSON_OPTION, LIMIT_OPTION, type Verb } from "./verb.ts";

export const MODEL_VERBS = {
  chat: {
    summary: "Talk with a model on a host, or ask it one question",
    usage: ["chat [--model MODEL] [--host HOST] [--system TEXT]", "chat [options] QUESTION …", "chat [options] < FILE"],
    options: {
      model: { type: "string", value: "MODEL", help: "of `farhand models` (default: one that is in memory)" },
      host: { type: "string", value: "HOST", help: "only there" },
      system: { type: "string", value: "TEXT", help: "what the model is told first" },
      ...JSON_OPTION,
    },
    notes: ["In a conversation: /models, /model NAME, /clear, /exit; Ctrl-C stops an answer. Nothing is stored."],
    examples: [
      ["farhand chat", "a conversation, kept in memory"],
      ['farhand chat "Why is the sky blue?"', "one answer"],
      ["farhand chat --model llama3.2 --json < question.txt", "for programs: the answer, tokens and times"],
    ],
    load: () => import("./chat.ts"),
  },
  models: {
    summary: "The models that you may use, and where they are",
    usage: ["models [list]"],
    options: JSON_OPTION,
    examples: [["farhand models", "names, hosts, in memory or not"]],
    load: () => import("./models.ts"),
  },
  usage: {
    summary: "Who used which model how much, by day (UTC)",
    usage: ["usage [--since DAY] [--until DAY] [--principal PRINCIPAL] [--host HOST] [--model MODEL]"],
    options: {
      since: { type: "string", value: "DAY", help: "from this day on (2026-11-20)" },
      until: { type: "string", value: "DAY", help: "up to this day" },
      principal: { type: "string", value: "WHO", help: "user:…, key:… or token:…" },
      host: { type: "string", value: "HOST", help: "of one host" },
      model: { type: "string", value: "MODEL", help: "of one model, by its whole name" },
      ...LIMIT_OPTION,
      ...JSON_OPTION,
    },
    notes: ["An admin sees everyone's, others their own. Tokens are those of answers that came to their end."],
    examples: [["farhand usage --since 2026-11-01 --json", "newest day first"]],
    load: () => import("./usage.ts"),
  },
} as const satisfies Readonly<Record<string, Verb>>;
