// Every verb there is, with its help. Code of a verb is loaded only when it runs.
import { START_OPTIONS } from "../embedded/options.ts";
import { JSON_OPTION, type Verb } from "./verb.ts";

const LIMIT = { limit: { type: "string", value: "N", help: "how many at most (default 50)" } } as const;
const DATA = {
  data: { type: "string", value: "DIR", help: "data directory of the edge on this machine (default ~/.local/share/farhand)" },
} as const;
const CONFIG = { config: { type: "string", value: "FILE", help: "the relay's file (default ./relay.toml)" } } as const;
const STATE = {
  state: {
    type: "string",
    value: "DIR",
    help: "where the relay keeps its key and journal (default: state_dir of its file, else ~/.local/state/farhand)",
  },
} as const;

export const VERBS: Readonly<Record<string, Verb>> = {
  start: {
    summary: "Start an edge on this machine and a relay for it, and keep both running",
    usage: ["start [options]"],
    options: START_OPTIONS,
    examples: [
      ["farhand start", "edge at http://127.0.0.1:8787, state in ~/.local/share/farhand"],
      ["farhand start --port 0 --data ./state --json", "for programs: one line of JSON when it is ready"],
      ["farhand start --public-url https://box.example.ts.net", "with a QR code for a phone"],
    ],
    // Run by farhand.mjs itself: here is only its help.
    load: () => Promise.reject(new Error("run by farhand.mjs")),
  },
  relay: {
    summary: "Run this host's relay alone: it dials out to its edge and runs what relay.toml allows",
    usage: ["relay [--config FILE] [--state DIR] [--edge URL]"],
    options: {
      ...CONFIG,
      ...STATE,
      edge: { type: "string", value: "URL", help: "another address of the same edge" },
    },
    examples: [["farhand relay --config relay.toml", "after `farhand enroll`"]],
    load: () => import("./relay.ts"),
  },
  enroll: {
    summary: "Enrol this machine with a code from `farhand hosts enroll`; its key is made here and stays here",
    usage: ["enroll URL CODE [--config FILE] [--state DIR]"],
    options: { ...CONFIG, ...STATE, ...JSON_OPTION },
    examples: [["farhand enroll https://link.example.com CODE --config relay.toml", "writes a relay.toml to begin with, if there is none"]],
    load: () => import("./enroll.ts"),
  },
  login: {
    summary: "Remember an edge and a key for this user, or make a sign-in link",
    usage: ["login [--data DIR]", "login URL --key - | --key @FILE", "login --link"],
    options: {
      key: { type: "string", value: "-|@FILE", help: "read the key from standard input, or from a file" },
      link: { type: "boolean", help: "print a one-time sign-in link for a browser; remembers nothing" },
      ...DATA,
      ...JSON_OPTION,
    },
    examples: [
      ["farhand login", "the edge on this machine, with its admin key"],
      ["farhand login https://api.example.com --key - < key.txt", "an edge elsewhere"],
      ["farhand login --link", "sign in with a browser"],
    ],
    load: () => import("./login.ts"),
  },
  status: {
    summary: "Is the edge up, who am I, which hosts are online",
    usage: ["status [--json]"],
    options: JSON_OPTION,
    examples: [["farhand status", "exit code 4 when the edge does not answer"]],
    load: () => import("./status.ts"),
  },
  doctor: {
    summary: "Check what Farhand needs on this machine; each failure comes with its remedy",
    usage: ["doctor [--config FILE] [--state DIR] [--data DIR] [--json]"],
    options: { ...CONFIG, ...STATE, ...DATA, ...JSON_OPTION },
    examples: [
      ["farhand doctor", "exit code 1 when a check fails"],
      ["farhand doctor --config /etc/farhand/relay.toml", "and which operations that file allows"],
    ],
    load: () => import("./doctor.ts"),
  },
  hosts: {
    summary: "The machines there are",
    usage: [
      "hosts [list]",
      "hosts show HOST",
      "hosts enroll NAME [--label LABEL …] [--ttl 15m] [--edge URL]",
      "hosts label HOST [LABEL …]",
      "hosts note HOST TEXT",
      "hosts remove HOST",
    ],
    options: {
      label: { type: "string", value: "LABEL", help: "enroll: a label that counts for grants; may be repeated", multiple: true },
      ttl: { type: "string", value: "TIME", help: "enroll: how long the code holds, at most 1h (default 15m)" },
      edge: { type: "string", value: "URL", help: "enroll: the address that the new host will dial (default: the one used here)" },
      ...LIMIT,
      ...JSON_OPTION,
    },
    notes: ["`hosts label` replaces the labels set at the edge; without a label it takes them all away."],
    examples: [
      ["farhand hosts", "names, labels, online or not"],
      ["farhand hosts show vm100", "what it can do"],
      ["farhand hosts enroll vm101 --label gpu", "prints what to paste on the new machine"],
      ["farhand hosts remove vm100", "its relay is refused from then on"],
    ],
    load: () => import("./hosts.ts"),
  },
  run: {
    summary: "Run something on a host and show it live",
    usage: [
      "run HOST NAME [input=value …]      a command that the host's relay.toml declares",
      "run HOST -- PROGRAM [ARGUMENT …]   any program, where the host allows it",
      "run HOST OPERATION [field=value …] an operation such as host.info",
      "run --label LABEL [--all] …        one host with the labels, or all of them",
    ],
    options: {
      label: { type: "string", value: "LABEL", help: "hosts with this label instead of a name; may be repeated", multiple: true },
      all: { type: "boolean", help: "with --label: every host, not one" },
      spec: { type: "string", value: "JSON", help: "the whole specification of the operation; - reads standard input" },
      cwd: { type: "string", value: "DIR", help: "with --: working directory on the host" },
      env: {
        type: "string",
        value: "NAME=VALUE",
        help: "with --: a variable (secret); NAME=- reads standard input; may be repeated",
        multiple: true,
      },
      stdin: { type: "string", value: "-|@FILE", help: "with --: standard input of the program (secret)" },
      timeout: { type: "string", value: "TIME", help: "end it after this long (30s, 5m, 2h)" },
      ttl: { type: "string", value: "TIME", help: "how long it may wait for its host (default 15m)" },
      plan: { type: "boolean", help: "say what would change, change nothing" },
      detach: { type: "boolean", help: "print the job's id and leave it running" },
      wait: { type: "boolean", help: "wait for the end and show output (the default)" },
      "idempotency-key": { type: "string", value: "KEY", help: "the same key again answers the first job" },
      ...JSON_OPTION,
    },
    notes: [
      "A value `-` is read from standard input, `@FILE` from a file; one newline at the end is dropped. Secrets belong there:",
      "arguments of a command line are seen in process lists.",
      "Exit code: 0 succeeded, 1 failed, 3 refused by edge or host, 4 unreachable. Ctrl-C cancels the job, a second one leaves.",
    ],
    examples: [
      ["farhand run vm100 restart unit=nginx.service", "a declared command with a typed input"],
      ["farhand run vm100 -- hostname -f", "needs `exec = true` in the host's relay.toml"],
      ["farhand run vm100 host.info", "a question, answered at once"],
      ["farhand run vm100 set-password user=ann password=- < secret", "a secret from standard input"],
      ["farhand run --label linux --all update", "on every host with the label"],
    ],
    load: () => import("./run.ts"),
  },
  jobs: {
    summary: "What ran, runs and waits",
    usage: ["jobs [list] [--host HOST] [--status STATUS] …", "jobs show ID", "jobs follow ID", "jobs cancel ID"],
    options: {
      host: { type: "string", value: "HOST", help: "list: of one host" },
      status: { type: "string", value: "STATUS", help: "list: queued, running, succeeded, failed, …" },
      operation: { type: "string", value: "NAME", help: "list: of one operation" },
      parent: { type: "string", value: "ID", help: "list: children of a job" },
      since: { type: "string", value: "TIME", help: "list: newer than a time (2026-11-20T08:00:00Z) or a while (30m, 2h, 1d)" },
      ...LIMIT,
      ...JSON_OPTION,
    },
    examples: [
      ["farhand jobs --host vm100 --status failed", "newest first"],
      ["farhand jobs follow 01J…", "output from its beginning, live to its end; exit code as of run"],
      ["farhand jobs cancel 01J…", "its processes are gone within 5 s"],
    ],
    load: () => import("./jobs.ts"),
  },
  terminal: {
    summary: "A terminal on a host, here",
    usage: ["terminal HOST [--new]", "terminal HOST --attach ID [--take | --read]", "terminal HOST --read", "terminal HOST --list"],
    options: {
      new: { type: "boolean", help: "make one (the default)" },
      attach: { type: "string", value: "ID", help: "one that is there; ID.PANE for one pane of a split one" },
      read: { type: "boolean", help: "look at it without typing; without --attach at the newest" },
      take: { type: "boolean", help: "with --attach: take over from whoever writes" },
      list: { type: "boolean", help: "the terminals there are" },
      ...JSON_OPTION,
    },
    notes: [
      "Ctrl-] leaves; the terminal and what runs in it go on, also over restarts of the relay. A lost connection comes back by itself.",
      "Needs `enabled = true` under [terminal] in the host's relay.toml (docs/terminals.md).",
    ],
    examples: [
      ["farhand terminal vm100", "a new terminal with your shell"],
      ["farhand terminal vm100 --list", "those that go on"],
      ["farhand terminal vm100 --attach t-01j… --take", "come back, and write"],
      ["farhand terminal vm100 --read", "look over a shoulder"],
    ],
    load: () => import("./terminal.ts"),
  },
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
      ...LIMIT,
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
  usage: {
    summary: "Who used which model how much, by day (UTC)",
    usage: ["usage [--since DAY] [--until DAY] [--principal PRINCIPAL] [--host HOST] [--model MODEL]"],
    options: {
      since: { type: "string", value: "DAY", help: "from this day on (2026-11-20)" },
      until: { type: "string", value: "DAY", help: "up to this day" },
      principal: { type: "string", value: "WHO", help: "user:…, key:… or token:…" },
      host: { type: "string", value: "HOST", help: "of one host" },
      model: { type: "string", value: "MODEL", help: "of one model, by its whole name" },
      ...LIMIT,
      ...JSON_OPTION,
    },
    notes: ["An admin sees everyone's, others their own. Tokens are those of answers that came to their end."],
    examples: [["farhand usage --since 2026-11-01 --json", "newest day first"]],
    load: () => import("./usage.ts"),
  },
  audit: {
    summary: "Who changed what",
    usage: ["audit [--object OBJECT] [--principal PRINCIPAL]"],
    options: {
      object: { type: "string", value: "OBJECT", help: "`fleet`, or a host's id" },
      principal: { type: "string", value: "WHO", help: "user:…, key:… or token:…" },
      ...LIMIT,
      ...JSON_OPTION,
    },
    examples: [["farhand audit --limit 20", "newest first"]],
    load: () => import("./audit.ts"),
  },
};
