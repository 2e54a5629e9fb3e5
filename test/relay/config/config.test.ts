// relay.toml: what is read, what is refused and where, the starter file, what it allows.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { catalogueSchema } from "../../../protocol/link/control.ts";
import { OPERATIONS } from "../../../protocol/operations/index.ts";
import { allows, ConfigError, loadConfig, parseConfig, writeStarterConfig } from "../../../relay/config.ts";
import { createDrivers } from "../../../relay/drivers/index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farhand-config-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const FILE = "/etc/farhand/relay.toml";
const parse = (text: string) => parseConfig(text, FILE);

function refusal(text: string): ConfigError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

/** The example of API.md, without the tables of later drivers. */
const EXAMPLE = `
name = "vm100"
labels = ["windows", "gpu"]
slots = 8
state_dir = "state"

[allow]
operations = ["host.*", "command.run", "vm.*", "terminal.*"]

[edge]
url = "https://link.example.com"
[access]
client_id = "abc.access"
client_secret_env = "ACCESS_SECRET"

[commands.restart]
argv = ["systemctl", "restart", "{unit}"]
timeout_ms = 30000
[commands.restart.inputs.unit]
type = "string"
pattern = "[a-z0-9-]+\\\\.service"

[commands.set-password]
description = "Sets a password"
argv = ["/usr/local/sbin/set-password", "{user}"]
stdin = "{password}\\n"
env = { TOKEN = "x{password}" }
cwd = "/srv"
lock = "passwd"
[commands.set-password.inputs]
user = { type = "string", pattern = "[a-z][a-z0-9]*" }
password = { type = "string", secret = true }

[command]
exec = false
[terminal]
enabled = false
`;

describe("what is read", () => {
  it("everything of API.md that this version has", () => {
    const config = parse(EXAMPLE);
    expect(config).toMatchObject({
      file: FILE,
      name: "vm100",
      labels: ["windows", "gpu"],
      slots: 8,
      stateDir: "/etc/farhand/state",
      allow: ["host.*", "command.run", "vm.*", "terminal.*"],
      edgeUrl: "https://link.example.com",
      access: { clientId: "abc.access", clientSecretEnv: "ACCESS_SECRET" },
      exec: false,
      terminal: { enabled: false },
    });
    expect(config.commands["restart"]).toMatchObject({ argv: ["systemctl", "restart", "{unit}"], timeout_ms: 30_000 });
    expect(config.commands["set-password"]?.inputs?.["password"]).toEqual({ type: "string", secret: true });
  });

  it("an empty file: the defaults", () => {
    const nothing = { file: FILE, name: null, labels: [], slots: 8, stateDir: null, allow: null, edgeUrl: null, access: null };
    expect(parse("")).toEqual({
      ...nothing,
      terminal: { enabled: false, max: 64, scrollback: 5000 },
      lanes: 1,
      libvirt: null,
      hyperv: null,
      services: {},
      commands: {},
      exec: false,
    });
  });

  it("braces that are no input", () => {
    const argv = ["docker", "inspect", "--format", "{{.Name}}", "{}", "{A}", "${HOME}", '{"a":1}'];
    expect(parse(`[commands.x]\nargv = ${JSON.stringify(argv)}`).commands["x"]?.argv).toEqual(argv);
  });
});

const COMMAND = '[commands.x]\nargv = ["true", "{u}"]\n';

describe("what is refused, with line and column", () => {
  it.each<[name: string, text: string, line: number, column: number, problem: RegExp, remedy?: RegExp]>([
    ["a key that is not known", 'name = "a"\n\ncolour = 1', 3, 1, /^colour is not a known key/],
    ["one inside a table", "[command]\n  exce = true", 2, 3, /^command\.exce is not a known key/],
    ["one inside an inline table", "command = { exec = true, x = 1 }", 1, 26, /^command\.x is not/],
    ["one of an input", `${COMMAND}inputs.u = { type = "string", regex = "a" }`, 3, 31, /^commands\.x\.inputs\.u\.regex/],
    ["a service without an address", '[services.lmstudio]\nkind = "lmstudio"', 1, 11, /neither url nor socket/, /url =/],
    ["a table of a later driver", '[docker]\nx = "x"', 1, 2, /^docker is not/, /no driver for \[docker\]/],
    ["TOML that is none", "name = ", 1, 8, /./, /toml\.io/],
    ["a key twice", 'name = "a"\nname = "b"', 2, 1, /multiple/],
    ["a key of every object", "[__proto__]\npolluted = 1", 1, 2, /__proto__/],
    ["and another", "constructor.prototype.polluted = 1", 1, 1, /constructor/],
    ["the wrong type", "slots = true", 1, 9, /^slots: expected number/],
    ["too many slots", "slots = 257", 1, 9, /^slots: Too big/],
    ["a name with a blank", 'name = "a b"', 1, 8, /^name:/],
    ["a label", 'labels = ["ok", "not ok"]', 1, 17, /^labels\[1\]:/],
    ["a date", "name = 1979-05-27", 1, 8, /^name:/],
    ["[allow] without operations", "[allow]", 1, 2, /^allow\.operations: is missing/],
    ["a pattern of operations", '[allow]\noperations = ["host.*", "command run"]', 2, 25, /noun\.\*/],
    ["an edge that is no web address", '[edge]\nurl = "ftp://x"', 2, 7, /http or https/],
    ["a command without argv", '[commands.x]\ndescription = "y"', 1, 11, /^commands\.x\.argv: is missing/],
    ["a command's name", '[commands.Big]\nargv = ["true"]', 1, 11, /^commands\.Big is not a valid name/],
    ["an empty argv", "[commands.x]\nargv = []", 2, 8, /^commands\.x\.argv/],
    ["a program that is an input", `[commands.x]\nargv = ["{u}"]\ninputs.u = { type = "string" }`, 2, 9, /must be fixed text/],
    ["an empty program", '[commands.x]\nargv = [""]', 2, 9, /must be fixed text/],
    [
      "an input inside an argument",
      '[commands.x]\nargv = [\n  "true",\n  "--x={u}",\n]\ninputs.u = { type = "string" }',
      4,
      3,
      /whole arguments only/,
      /argument of its own/,
    ],
    ["an input that is not declared", COMMAND, 2, 17, /\{u\} is not a declared input/, /inputs\.u/],
    ["one in stdin", '[commands.x]\nargv = ["true"]\nstdin = "a{u}b"', 3, 9, /\{u\} is not a declared input/],
    ["one in env", '[commands.x]\nargv = ["true"]\nenv = { A = "{u}" }', 3, 13, /\{u\} is not a declared input/],
    ["a secret in argv", `${COMMAND}inputs.u = { type = "string", secret = true }`, 2, 17, /process list/, /stdin = /],
    [
      "a secret with a default",
      `${COMMAND.replace("{u}", "u")}inputs.u = { type = "string", secret = true, default = "x" }`,
      3,
      56,
      /secret has no default/,
    ],
    ["a pattern that is none", `${COMMAND}inputs.u = { type = "string", pattern = "(" }`, 3, 41, /regular expression/i],
    ["a pattern that leaves its anchors", `${COMMAND}inputs.u = { type = "string", pattern = "a)|(?:b" }`, 3, 41, /regular expression/i],
    ["a choice without choices", `${COMMAND}inputs.u = { type = "choice" }`, 3, 12, /no choices/],
    [
      "a default beside its choices",
      `${COMMAND}inputs.u = { type = "choice", choices = ["a"], default = "b" }`,
      3,
      58,
      /default must be one of a/,
    ],
    [
      "a default beside its pattern",
      `${COMMAND}inputs.u = { type = "string", pattern = "[a]", default = "b" }`,
      3,
      58,
      /default must match/,
    ],
    ["a default of another type", `${COMMAND}inputs.u = { type = "integer", default = "1" }`, 3, 42, /default must be an integer/],
    ["bounds of another type", `${COMMAND}inputs.u = { type = "string", minimum = 1 }`, 3, 41, /type "integer"/],
    ["a working directory that is relative", '[commands.x]\nargv = ["true"]\ncwd = "here"', 3, 7, /absolute path/],
    ["a NUL in an argument", '[commands.x]\nargv = ["true", "a\\u0000"]', 2, 17, /NUL/],
    ["a deadline of more than a day", '[commands.x]\nargv = ["true"]\ntimeout_ms = 86400001', 3, 14, /^commands\.x\.timeout_ms: Too big/],
  ])("%s", (_, text, line, column, problem, remedy = /\S/) => {
    const error = refusal(text);
    expect({ line: error.line, column: error.column }).toEqual({ line, column });
    expect(error.problem).toMatch(problem);
    expect(error.remedy).toMatch(remedy);
    expect(error.message).toBe(`${FILE}:${line}:${column}: ${error.problem}. ${error.remedy}`.replaceAll(/\s*\n\s*/g, " "));
    expect(error.message).not.toContain("\n");
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  it("the first of several in the file", () => {
    expect(refusal("zzz = 1\nslots = 0\naaa = 1")).toMatchObject({ line: 1, column: 1 });
  });

  it("too many commands", () => {
    const text = Array.from({ length: 257 }, (_, index) => `[commands.c${index}]\nargv = ["true"]`).join("\n");
    expect(refusal(text).problem).toMatch(/more than 256 commands/);
  });

  it("declarations that would not fit into a hello", () => {
    const choices = JSON.stringify(Array.from({ length: 100 }, (_, index) => "x".repeat(200) + index));
    const inputs = Array.from({ length: 60 }, (_, index) => `inputs.i${index} = { type = "choice", choices = ${choices} }`).join("\n");
    expect(refusal(`[commands.x]\nargv = ["true"]\n${inputs}`).problem).toMatch(/524288 bytes/);
  });
});

describe("the file", () => {
  it.each([
    ["is not there", null, /does not exist/],
    ["is not UTF-8", Buffer.from([0x61, 0xff]), /not UTF-8/],
    ["is too large", Buffer.alloc(5 * 1024 * 1024, "#"), /larger than 4 MiB/],
  ])("%s", async (name, bytes, problem) => {
    const path = join(folder, `${name}.toml`);
    if (bytes) await writeFile(path, bytes);
    const error: unknown = await loadConfig(path).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problem).toMatch(problem);
    expect((error as ConfigError).message.startsWith(`${path}: `)).toBe(true);
  });

  it("is a folder", async () => {
    await expect(loadConfig(folder)).rejects.toThrow(/cannot be read \(EISDIR\)/);
  });
});

describe("the starter file", () => {
  it.each([true, false])("is valid, and says what --allow-exec was: %s", async (allowExec) => {
    const path = join(folder, `starter-${allowExec}`, "relay.toml");
    expect(await writeStarterConfig(path, { name: "vm100", allowExec })).toBe(true);
    const config = await loadConfig(path);
    expect(config).toMatchObject({ name: "vm100", exec: allowExec, allow: null });
    expect(allows(config, "command.exec").allowed).toBe(allowExec);
    expect(allows(config, "command.run").allowed).toBe(true);
  });

  it("is valid with every example switched on", async () => {
    const path = join(folder, "all", "relay.toml");
    await writeStarterConfig(path, { name: "vm100", allowExec: false });
    const text = await readFile(path, "utf8");
    const all = text.replaceAll(
      /^# (?=\[|argv|operations|timeout_ms|lock|type|pattern|stdin|user|password|kind|url|manage|path|network|domain_type|os_family)/gm,
      "",
    );
    expect(Object.keys(parse(all).commands)).toEqual(expect.arrayContaining(["restart", "set-password"]));
    expect(parse(all).allow).toEqual(["host.*", "command.run"]);
    expect(parse(all).services["ollama"]).toMatchObject({ kind: "ollama", manage: false });
    expect(parse(all).libvirt?.networks).toEqual({ default: expect.objectContaining({ network: "default" }) });
  });

  it("declares the model servers that were found", async () => {
    const path = join(folder, "models", "relay.toml");
    const servers = [
      { kind: "ollama", address: { url: "http://127.0.0.1:11434" } },
      { kind: "lmstudio", address: { socket: "/run/lm.sock" } },
    ] as const;
    await writeStarterConfig(path, { name: "vm100", allowExec: false, modelServers: () => Promise.resolve(servers) });
    expect((await loadConfig(path)).services).toMatchObject({
      ollama: { kind: "ollama", url: "http://127.0.0.1:11434", manage: false },
      lmstudio: { kind: "lmstudio", socket: "/run/lm.sock" },
    });
  });

  it("never replaces one that is there", async () => {
    const path = join(folder, "own.toml");
    await writeFile(path, "slots = 3\n");
    expect(await writeStarterConfig(path, { name: "x", allowExec: true })).toBe(false);
    expect(await readFile(path, "utf8")).toBe("slots = 3\n");
  });
});

describe("what it allows", () => {
  const ONE = '[commands.x]\nargv = ["true"]\n';
  const EXEC = "[command]\nexec = true\n";
  const allow = (...patterns: string[]) => `[allow]\noperations = ${JSON.stringify(patterns)}\n`;
  it.each<[text: string, operations: string[]]>([
    ["", ["host.info", "host.metrics", "host.processes"]],
    [ONE, ["host.info", "host.metrics", "host.processes", "command.run"]],
    [EXEC, ["host.info", "host.metrics", "host.processes", "command.exec"]],
    [allow(), []],
    [allow("*"), ["host.info", "host.metrics", "host.processes", "command.run"]],
    [allow("*") + EXEC, ["host.info", "host.metrics", "host.processes", "command.run", "command.exec"]],
    [allow("host.info") + ONE + EXEC, ["host.info"]],
    [allow("command.*") + ONE + EXEC, ["command.run", "command.exec"]],
    [allow("command.exec"), []],
  ])("%j", (text, operations) => {
    const config = parse(text);
    expect(Object.keys(OPERATIONS).filter((name) => allows(config, name).allowed)).toEqual(operations);
    const catalogue = createDrivers(config).catalogue();
    expect(catalogue.operations).toEqual(operations);
    expect(catalogueSchema.safeParse(catalogue).error).toBeUndefined();
  });

  it("is nothing that has a strange name", () => {
    for (const name of ["", "*", "vm.create", "hostx.info", "constructor"]) expect(allows(parse(ONE + EXEC), name).allowed).toBe(false);
  });

  it("says which line would allow it", () => {
    const refused = (text: string, operation: string) => allows(parse(text), operation) as { code: string; message: string };
    expect(refused(allow("host.*"), "command.run")).toEqual({
      allowed: false,
      code: "OPERATION_NOT_ALLOWED",
      message: `Add "command.run" to [allow] operations in ${FILE}.`,
    });
    expect(refused("", "command.exec")).toMatchObject({ code: "EXEC_DISABLED", message: `Set exec = true under [command] in ${FILE}.` });
    expect(refused(allow("host.*"), "command.exec").message).toBe(
      `Set exec = true under [command] in ${FILE}. Add "command.exec" to [allow] operations in ${FILE}, too.`,
    );
    expect(refused("", "command.run").message).toContain("[commands.NAME]");
  });

  it("shows declared commands in the catalogue only where they may run", () => {
    expect(createDrivers(parse(EXAMPLE)).catalogue().commands["set-password"]).toEqual({
      description: "Sets a password",
      inputs: { user: { type: "string", pattern: "[a-z][a-z0-9]*" }, password: { type: "string", secret: true } },
    });
    expect(createDrivers(parse(allow("host.*") + ONE)).catalogue().commands).toEqual({});
  });
});
