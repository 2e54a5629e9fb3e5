// Verbs of work on hosts: hosts themselves, jobs, terminals, virtual machines; with their help. Code of a verb is loaded only when it runs.
import { JSON_OPTION, LIMIT_OPTION, type Verb } from "./verb.ts";
import { VM_VERB } from "./vm/verb.ts";

export const WORK_VERBS = {
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
      ...LIMIT_OPTION,
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
      ...LIMIT_OPTION,
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
  vm: VM_VERB,
} as const satisfies Readonly<Record<string, Verb>>;
