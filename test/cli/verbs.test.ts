// Every verb against the started product: what it prints, its JSON, its exit code.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Host, Job, JobSummary, Key } from "../../protocol/api/shapes.ts";
import { VERBS } from "../../cli/verbs.ts";
import { ask, cleanUp, start, temporary, until, type Ready } from "../embedded/starts.ts";
import { cuttingProxy, farhand, launch, type Outcome } from "./commands.ts";

const TOML = `name = "vm1"
labels = ["builder"]
[command]
exec = false
[commands.greet]
description = "Says hello"
argv = ["echo", "hello", "{who}", "{times}", "{loud}"]
[commands.greet.inputs]
who = { type = "string", pattern = "[a-z]+" }
times = { type = "integer", minimum = 1, default = 1 }
loud = { type = "boolean", default = false }
[commands.secret]
argv = ["sha256sum"]
stdin = "{password}"
[commands.secret.inputs.password]
type = "string"
secret = true
[commands.both]
argv = ["sh", "-c", "echo out; echo err >&2; exit 3"]
[commands.slow]
argv = ["sh", "-c", "echo begun; sleep 30"]
[commands.stubborn]
argv = ["sh", "-c", "trap '' TERM; echo begun; while :; do sleep 1; done"]
[commands.steady]
argv = ["sh", "-c", "for i in $(seq 150); do echo $i; sleep 0.01; done"]
[commands.much]
argv = ["sh", "-c", "seq 1 600000"]
`;

let ready: Ready;
let environment: Record<string, string>;
let home: string;
const cli = (...args: string[]) => farhand(environment, args);
const json = <T>(outcome: Outcome) => JSON.parse(outcome.stdout) as T;

beforeAll(async () => {
  home = temporary();
  writeFileSync(join(home, "relay.toml"), TOML);
  ready = await start(join(home, "data"), ["--json", "--config", join(home, "relay.toml")]).ready();
  environment = { HOME: home, PWD: home, FARHAND_URL: ready.url, FARHAND_API_KEY: ready.api_key };
}, 60_000);
afterAll(cleanUp, 60_000);

describe("farhand run", () => {
  it("runs a declared command with typed inputs and shows its output", async () => {
    expect(await cli("run", "vm1", "greet", "who=world", "times=2", "loud=true")).toMatchObject({
      code: 0,
      stdout: "hello world 2 true\n",
      stderr: "",
    });
  });

  it("keeps stdout and stderr apart, and ends with 1 when the command failed", async () => {
    const { code, stdout, stderr } = await cli("run", "vm1", "both");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "out\n" });
    expect(stderr).toMatch(/^err\nfarhand: failed: .*exit code 3.*\(COMMAND_FAILED\)\n$/s);
  });

  it("reads a secret from standard input or a file, without its last newline", async () => {
    const digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"; // SHA-256 of "secret"
    expect((await farhand(environment, ["run", "vm1", "secret", "password=-"], "secret\n")).stdout).toContain(digest);
    writeFileSync(join(home, "password"), "secret\n");
    expect((await cli("run", "vm1", "secret", `password=@${join(home, "password")}`)).stdout).toContain(digest);
  });

  it("explains what the host refuses with the line of relay.toml that would allow it: exit code 3", async () => {
    const { code, stderr } = await cli("run", "vm1", "--", "hostname", "-f");
    expect(code).toBe(3);
    expect(stderr).toContain("exec = true");
    expect(stderr).toContain(join(home, "relay.toml"));
  });

  it("asks an operation of risk read at once, also as JSON", async () => {
    expect((await cli("run", "vm1", "host.info")).stdout).toMatch(/^hostname +\S/);
    const answer = json<{ status: string; data: { processes: unknown[] } }>(await cli("run", "vm1", "host.processes", "limit=3", "--json"));
    expect(answer.data.processes).toHaveLength(3);
    expect((await cli("run", "vm1", "host.processes", "--spec", '{"limit": 0}')).code).toBe(1);
  });

  it("reaches hosts by label, one or all", async () => {
    expect((await cli("run", "--label", "builder", "greet", "who=any")).stdout).toBe("hello any 1 false\n");
    expect((await cli("run", "--label", "BUILDER", "--all", "greet", "who=all")).stdout).toBe("[vm1] hello all 1 false\n");
    const parent = json<Job>(await cli("run", "--label", "builder", "--all", "both", "--json"));
    expect(parent).toMatchObject({ status: "failed", host: null });
    const none = await cli("run", "--label", "nowhere", "greet", "who=x");
    expect(none).toMatchObject({ code: 1 });
    expect(none.stderr).toContain("NO_HOST_MATCHES");
  });

  it("--json gives the ended job; --detach its id at once; a key makes it one job", async () => {
    expect(json<Job>(await cli("run", "vm1", "greet", "who=json", "--json"))).toMatchObject({ status: "succeeded", host: "vm1" });
    const ids = await Promise.all([1, 2].map(() => cli("run", "vm1", "greet", "who=once", "--detach", "--idempotency-key", "once")));
    expect(ids[0]!.stdout).toMatch(/^[0-9A-Z]{26}\n$/);
    expect(ids[1]!.stdout).toBe(ids[0]!.stdout);
  });

  it("Ctrl-C cancels the job", async () => {
    const running = launch(environment, ["run", "vm1", "slow"]);
    await until("it runs", () => running.stdout().includes("begun"));
    running.signal("SIGINT");
    const { code, stderr } = await running.outcome;
    expect(code).toBe(1);
    expect(stderr).toContain("cancelling");
    expect(stderr).toContain("cancelled");
  });

  it("a second Ctrl-C leaves, before the job has ended", async () => {
    const running = launch(environment, ["run", "vm1", "stubborn"]);
    await until("it runs", () => running.stdout().includes("begun"));
    running.signal("SIGINT");
    const at = Date.now();
    await until("a second one is another key", () => Date.now() - at > 400);
    running.signal("SIGINT");
    const { code, stderr } = await running.outcome;
    expect(code).toBe(1);
    expect(stderr).toMatch(/left while the job is being cancelled: `farhand jobs follow [0-9A-Z]{26}`/);
  });

  it("--timeout ends a job", async () => {
    const { code, stderr } = await cli("run", "vm1", "slow", "--timeout", "500ms");
    expect(code).toBe(1);
    expect(stderr).toContain("JOB_TIMED_OUT");
  });

  it("shows every byte of output that the edge does not keep", async () => {
    const { stdout } = await cli("run", "vm1", "much");
    expect(stdout === Array.from({ length: 600_000 }, (_, index) => `${index + 1}\n`).join("")).toBe(true);
  });

  it("loses and repeats nothing when its connection breaks again and again", async () => {
    const cuts = await cuttingProxy(new URL(ready.url).port);
    const { code, stdout, stderr } = await farhand({ ...environment, FARHAND_URL: cuts.url }, ["run", "vm1", "steady"]);
    cuts.close();
    expect(code).toBe(0);
    expect(stdout).toBe(Array.from({ length: 150 }, (_, index) => `${index + 1}\n`).join(""));
    expect(stderr).toContain("trying again");
    expect(cuts.count()).toBeGreaterThan(2);
  });

  it.each([
    [["run"], 2, "The host is missing"],
    [["run", "vm1"], 2, "What to run is missing"],
    [["run", "vm1", "--"], 2, "no program after"],
    [["run", "vm1", "greet", "who"], 2, "not name=value"],
    [["run", "vm1", "greet", "--timeout", "soon"], 2, "not a duration"],
    [["run", "vm1", "greet", "--all"], 2, "--all goes with --label"],
    [["run", "vm1", "greet", "--nope"], 2, "--nope"],
    [["run", "vm1", "greet", "who=UPPER"], 1, "INPUT_INVALID"],
    [["run", "vm1", "greet", "whom=x"], 1, "whom"],
    [["run", "vm1", "nope"], 1, "COMMAND_UNKNOWN"],
    [["run", "elsewhere", "greet"], 1, "HOST_NOT_FOUND"],
    [["nope"], 2, "There is no verb nope"],
    [["hosts", "nope"], 2, "list, show, enroll"],
    [["jobs", "show", "nope"], 1, "JOB_NOT_FOUND"],
  ])("%j ends with %i", async (args, code, words) => {
    const outcome = await cli(...args);
    expect(outcome.stderr).toContain(words);
    expect(outcome.code).toBe(code);
  });
});

describe("reads", () => {
  it("status, hosts, keys, jobs, audit speak to people and to programs", async () => {
    expect((await cli("status")).stdout).toMatch(/online +vm1/);
    expect(json(await cli("status", "--json"))).toMatchObject({ url: ready.url, principal: "key:admin", online: ["vm1"] });
    expect((await cli("hosts")).stdout).toMatch(/^HOST +STATE.*\nvm1 +online/s);
    expect(json<Host>(await cli("hosts", "show", "vm1", "--json"))).toMatchObject({ name: "vm1", online: true });
    expect((await cli("hosts", "show", "vm1")).stdout).toContain("farhand run vm1 greet who=<string>");
    await until(
      "the job is in the list",
      async () => json<{ items: JobSummary[] }>(await cli("jobs", "--json", "--limit", "1")).items.length === 1,
    );
    expect((await cli("jobs", "--host", "vm1", "--since", "1h")).stdout).toMatch(/^ID +HOST/);
    expect((await cli("audit", "--limit", "5")).stdout).toMatch(/^AT +WHO/);
  });

  it("an empty list says so, and what to do next", async () => {
    expect((await cli("keys")).stdout).toContain("farhand keys create");
    expect((await cli("jobs", "--status", "held")).stdout).toContain("No job fits.");
  });

  it("jobs follow shows output from its beginning; show and cancel work on ended jobs", async () => {
    const { id } = json<Job>(await cli("run", "vm1", "greet", "who=again", "--json"));
    expect(await cli("jobs", "follow", id)).toMatchObject({ code: 0, stdout: "hello again 1 false\n" });
    expect((await cli("jobs", "show", id)).stdout).toMatch(/status +succeeded/);
    expect((await cli("jobs", "cancel", id)).stdout).toContain("ended already");
  });
});

describe("administration", () => {
  it("makes a key that may do what it says, and revokes it", async () => {
    const made = json<Key & { key: string }>(await cli("keys", "create", "reading", "--role", "reader", "--host", "vm1", "--json"));
    const own = { ...environment, FARHAND_API_KEY: made.key };
    await until("the key works", async () => (await farhand(own, ["status"])).code === 0);
    const refused = await farhand(own, ["run", "vm1", "greet", "who=x"]);
    expect(refused).toMatchObject({ code: 3 });
    expect(refused.stderr).toContain("FORBIDDEN");
    expect((await cli("keys", "revoke", made.id)).code).toBe(0);
    await until("the key fails", async () => (await farhand(own, ["status"])).code === 3);
  });

  it("keys of some models on one surface are shown as such, and usage is told", async () => {
    const more = ["--host", "vm1", "--use", "model.*", "--model", "llama*", "--model", "qwen", "--surface", "openai", "--json"];
    const made = json<Key>(await cli("keys", "create", "chat", ...more));
    expect((await cli("keys")).stdout).toMatch(/chat .* operator on vm1: model\.\* \[llama\*, qwen\] via openai\n/);
    const listed = json<{ items: (Key & { grants: unknown[] })[] }>(await cli("keys", "--json"));
    const scope = { role: "operator", hosts: ["vm1"], operations: ["model.*"], models: ["llama*", "qwen"], surfaces: ["openai"] };
    expect(listed.items.find(({ id }) => id === made.id)?.grants).toMatchObject([scope]);
    expect((await cli("keys", "create", "no", "--surface", "nonsense")).code).not.toBe(0);
    expect((await cli("keys", "revoke", made.id)).code).toBe(0);
    expect((await cli("usage")).stdout).toMatch(/^Nothing was used/);
    expect(json(await cli("usage", "--since", "2026-01-01", "--json"))).toEqual({ items: [], next_cursor: null });
    expect((await cli("usage", "--since", "yesterday")).code).not.toBe(0);
  });

  it("imports a secret from standard input, never from the command line", async () => {
    const secret = "an-old-secret-of-some-length";
    expect(await cli("keys", "create", "old", "--import", secret)).toMatchObject({ code: 2 });
    const made = await farhand(environment, ["keys", "create", "old", "--import", "-"], `${secret}\n`);
    expect(made).toMatchObject({ code: 0 });
    expect(made.stdout).not.toContain(secret);
    await until("it works", async () => (await farhand({ ...environment, FARHAND_API_KEY: secret }, ["status"])).code === 0);
  });

  it("enrols a second machine with the commands that it prints; label and remove it", async () => {
    const made = json<{ commands: string[] }>(await cli("hosts", "enroll", "vm2", "--label", "gpu", "--json"));
    const [, ...words] = made.commands[0]!.split(" ");
    const machine = temporary();
    const elsewhere = { HOME: machine, PWD: machine };
    expect(await farhand(elsewhere, words.slice(1))).toMatchObject({ code: 0 });
    expect(statSync(join(machine, ".local/state/farhand/relay.json")).mode & 0o777).toBe(0o600);
    const relay = launch(elsewhere, made.commands[1]!.split(" ").slice(2));
    await until("vm2 is online", async () => (await ask<Host>(ready, "GET", "/api/v1/hosts/vm2")).online);
    expect((await cli("run", "vm2", "hostname")).code).toBe(0);
    relay.signal("SIGTERM");
    expect(await relay.outcome).toMatchObject({ code: 0 });
    expect(await farhand(elsewhere, words.slice(1))).toMatchObject({ code: 3 });
    expect((await cli("hosts", "label", "vm2", "gpu", "fast")).stdout).toContain("gpu, fast");
    expect((await cli("hosts", "remove", "vm2")).code).toBe(0);
    expect((await cli("hosts", "show", "vm2")).code).toBe(1);
  });
});

describe("a host that only runs a relay", () => {
  it("is enrolled as docs/relay.md writes it, and doctor needs no key there", async () => {
    const { code } = json<{ code: string }>(await cli("hosts", "enroll", "vm3", "--json"));
    const machine = temporary();
    const elsewhere = { HOME: machine, PWD: machine };
    expect(await farhand(elsewhere, ["enroll", ready.url, code, "--config", "relay.toml"])).toMatchObject({ code: 0 });
    const relay = launch(elsewhere, ["relay", "--config", "relay.toml"]);
    await until("vm3 is online", async () => (await ask<Host>(ready, "GET", "/api/v1/hosts/vm3")).online);
    const well = await farhand(elsewhere, ["doctor"]);
    expect(well.stdout).toMatch(new RegExp(`ok +relay's edge +${ready.url} answers`));
    expect(well.code).toBe(0);
    relay.signal("SIGTERM");
    expect(await relay.outcome).toMatchObject({ code: 0 });
    expect((await cli("hosts", "remove", "vm3")).code).toBe(0);
  });
});

describe("login and doctor", () => {
  it("login takes the admin key of the edge on this machine into a file of this user alone", async () => {
    const bare = { HOME: home };
    expect(await farhand(bare, ["status"])).toMatchObject({ code: 2 });
    expect(await farhand(bare, ["login", "--data", join(home, "data")])).toMatchObject({ code: 0 });
    expect(statSync(join(home, ".config/farhand/profile.json")).mode & 0o777).toBe(0o600);
    expect(await farhand(bare, ["status"])).toMatchObject({ code: 0 });
    expect((await farhand(bare, ["login", "--link"])).stdout).toContain(`${ready.url}/sign-in#`);
  });

  it("login at another address reads the key from standard input and refuses a wrong one", async () => {
    const bare = { HOME: temporary() };
    expect(await farhand(bare, ["login", ready.url, "--key", "-"], "fh_wrong\n")).toMatchObject({ code: 3 });
    expect(await farhand(bare, ["login", ready.url, "--key", ready.api_key])).toMatchObject({ code: 2 });
    expect(await farhand(bare, ["login", ready.url, "--key", "-"], `${ready.api_key}\n`)).toMatchObject({ code: 0 });
    // The stored key goes to its own address only.
    expect((await farhand({ ...bare, FARHAND_URL: "http://127.0.0.1:1" }, ["status"])).stderr).toContain(
      "There is no key for http://127.0.0.1:1",
    );
  });

  it("doctor names what is well and what is not, with the remedy", async () => {
    const well = await cli("doctor", "--data", join(home, "data"), "--json");
    expect(json<{ ok: boolean }>(well).ok).toBe(true);
    expect((await cli("doctor", "--data", join(home, "data"))).stdout).toMatch(
      /ok +relay\.toml .*allows host\.\*, command\.run; refuses command\.exec, terminal\.\*.*; declares greet/,
    );
    writeFileSync(join(home, "broken.toml"), "name = 3\n");
    const ill = await farhand({ ...environment, FARHAND_URL: "http://127.0.0.1:1" }, ["doctor", "--config", join(home, "broken.toml")]);
    expect(ill.code).toBe(1);
    expect(ill.stdout).toMatch(/fail +edge +.*nothing listens there/);
    expect(ill.stdout).toMatch(/fail +relay\.toml +.*broken\.toml:1:8/);
  });

  it("an edge that does not answer is exit code 4", async () => {
    const away = await farhand({ ...environment, FARHAND_URL: "http://127.0.0.1:1" }, ["hosts"]);
    expect(away).toMatchObject({ code: 4 });
    expect(away.stderr).toContain("cannot be reached");
  });
});

describe("help", () => {
  it.each(Object.keys(VERBS))("%s has examples", async (verb) => {
    const { code, stdout } = await cli(verb, "--help");
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples\n {2}farhand /);
    for (const option of Object.keys(VERBS[verb]!.options)) expect(stdout).toContain(`--${option}`);
  });

  it("of the whole names every verb, and the version is the product's", async () => {
    const { stdout } = await cli("--help");
    for (const verb of Object.keys(VERBS)) expect(stdout).toContain(`\n  ${verb}`);
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as { version: string };
    expect((await cli("--version")).stdout).toBe(`${version}\n`);
  });
});
