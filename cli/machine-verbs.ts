// Verbs of this machine: its edge, its relay, its profile, its health; with their help. Code of a verb is loaded only when it runs.
import { START_OPTIONS } from "../embedded/options.ts";
import { JSON_OPTION, type Verb } from "./verb.ts";

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

export const MACHINE_VERBS = {
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
  selftest: {
    summary: "Try Hyper-V on this host by the agent that the relay starts: what it reads, and with --full a small virtual machine's life",
    usage: ["selftest [--full] [--config FILE] [--data DIR] [--json]"],
    options: {
      full: { type: "boolean", help: "also make, start and delete a small virtual machine in the first storage class" },
      ...CONFIG,
      ...DATA,
      ...JSON_OPTION,
    },
    notes: [
      "Needs [hyperv] in relay.toml (docs/hyperv.md), no edge and no key. Machines and files that it makes are called farhand-selftest-…",
    ],
    examples: [
      ["farhand selftest", "changes nothing; exit code 1 when a check fails"],
      ["farhand selftest --full", "and says what it could not take away again"],
    ],
    load: () => import("./selftest.ts"),
  },
} as const satisfies Readonly<Record<string, Verb>>;
