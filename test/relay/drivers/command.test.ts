// The command driver: the contract, its results, what reaches the program, what is refused.
import { readFile, readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { checkSpec } from "../../../protocol/operations/define.ts";
import { commandExec } from "../../../protocol/operations/command.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { parseConfig } from "../../../relay/config.ts";
import { createDrivers } from "../../../relay/drivers/index.ts";
import { testDriver } from "./contract.ts";
import { jobContext } from "./job-context.ts";

const CONFIG = `
[command]
exec = true
[commands.true]
argv = ["true"]
[commands.show]
argv = ["printf", "[%s]", "{text}", "{number}", "{flag}", "{colour}"]
timeout_ms = 1234
lock = "screen"
[commands.show.inputs]
text = { type = "string", pattern = "[a-z ]*", default = "" }
number = { type = "integer", minimum = 1, maximum = 9, default = 5 }
flag = { type = "boolean", default = false }
colour = { type = "choice", choices = ["red", "light blue"], default = "red" }
[commands.secret]
argv = ["sh", "-c", 'cat; printf "%s" "$TOKEN" | wc -c; cat /proc/$$/cmdline | tr "\\0" " "']
stdin = "user:{password}\\n"
env = { TOKEN = "t-{password}" }
[commands.secret.inputs.password]
type = "string"
secret = true
[commands.sleep]
argv = ["sleep", "300"]
[commands.missing]
argv = ["/farhand/no/such/program"]
[commands.false]
argv = ["false"]
`;

testDriver({
  name: "command",
  config: CONFIG,
  succeeds: {
    "command.run": [{ name: "true" }, { name: "show", inputs: { text: "a b" } }, { name: "secret", inputs: { password: "p" } }],
    "command.exec": [{ argv: ["echo", "x"] }, { argv: ["pwd"], cwd: "/" }, { argv: ["cat"], stdin: "x", env: { A: "b" } }],
  },
  refuses: [
    { operation: "command.run", spec: { name: "none" }, code: "COMMAND_UNKNOWN" },
    { operation: "command.run", spec: { name: "constructor" }, code: "COMMAND_UNKNOWN" },
    { operation: "command.run", spec: { name: "true", inputs: { extra: 1 } }, code: "INPUT_INVALID" },
    { operation: "command.run", spec: { name: "show", inputs: { text: "A" } }, code: "INPUT_INVALID" },
    { operation: "command.run", spec: { name: "show", inputs: { text: "a\n" } }, code: "INPUT_INVALID" },
    { operation: "command.run", spec: { name: "show", inputs: { number: "5" } }, code: "INPUT_INVALID" },
    { operation: "command.run", spec: { name: "show", inputs: { number: 10 } }, code: "INPUT_INVALID" },
    { operation: "command.run", spec: { name: "show", inputs: { colour: "green" } }, code: "INPUT_INVALID" },
    { operation: "command.run", spec: { name: "secret" }, code: "INPUT_INVALID" },
    { operation: "command.run", spec: { name: "secret", inputs: { password: "\ud800" } }, code: "INPUT_INVALID" },
    { operation: "command.run", spec: { name: "missing" }, code: "COMMAND_NOT_STARTED" },
    { operation: "command.run", spec: { name: "false" }, code: "COMMAND_FAILED" },
    { operation: "command.exec", spec: { argv: ["farhand-no-such-program"] }, code: "COMMAND_NOT_STARTED" },
    { operation: "command.exec", spec: { argv: ["sh", "-c", "kill -9 $$"] }, code: "COMMAND_FAILED" },
    { operation: "command.exec", spec: { argv: ["echo", "\ud800"] }, code: "SPEC_INVALID" },
    { operation: "command.exec", spec: { argv: ["pwd"], cwd: "tmp" }, code: "SPEC_INVALID" },
  ],
  endless: [
    { operation: "command.run", spec: { name: "sleep" } },
    { operation: "command.exec", spec: { argv: ["sh", "-c", "trap '' TERM; while :; do sleep 300; done"] } },
  ],
});

const drivers = createDrivers(parseConfig(CONFIG, "/etc/farhand/relay.toml"));
const run = (operation: "command.run" | "command.exec", spec: unknown, context = jobContext()) =>
  drivers.find(operation)!.handler(spec, context);
const output = async (operation: "command.run" | "command.exec", spec: unknown) =>
  (await run(operation, spec)).data as {
    stdout: string;
    stderr: string;
    truncated: boolean;
    exit_code: number | null;
    signal: string | null;
  };

describe("command.run", () => {
  it("fills whole arguments, with the defaults", async () => {
    expect((await output("command.run", { name: "show", inputs: { text: "a b", colour: "light blue" } })).stdout).toBe(
      "[a b][5][false][light blue]",
    );
    expect((await output("command.run", { name: "show" })).stdout).toBe("[][5][false][red]");
  });

  it("gives secrets by standard input and environment, never in the process list", async () => {
    const { stdout } = await output("command.run", { name: "secret", inputs: { password: "{password}-canary" } });
    const [stdin, length, argv] = stdout.split("\n");
    expect(stdin).toBe("user:{password}-canary");
    expect(length?.trim()).toBe(String("t-{password}-canary".length));
    expect(argv).not.toContain("canary");
  });

  it("names the field that is wrong, and never its value", async () => {
    const result = await run("command.run", { name: "secret", inputs: { password: "canary\0" } });
    expect(result.data).toEqual({ errors: [{ pointer: "/resource_spec/inputs/password", message: "must not contain NUL" }] });
    expect(JSON.stringify(result)).not.toContain("canary");
  });

  it("names the commands that there are", async () => {
    expect((await run("command.run", { name: "nope" })).message).toBe(
      'The host declares no command "nope". It declares false, missing, secret, show, sleep, true.',
    );
  });

  it("tells its lock and its own deadline", () => {
    const found = drivers.find("command.run")!;
    expect(found.locks({ name: "show" })).toEqual(["command:screen"]);
    expect(found.locks({ name: "true" })).toEqual([]);
    expect(found.timeoutMs({ name: "show" })).toBe(1234);
    expect(found.timeoutMs({ name: "true" })).toBeUndefined();
  });
});

describe("command.exec", () => {
  it("is refused with the line to write where it is off", async () => {
    const off = createDrivers(parseConfig("", "/etc/farhand/relay.toml")).find("command.exec")!;
    const result = await off.handler({ argv: ["true"] }, jobContext());
    expect(result).toMatchObject({ status: "error", code: "EXEC_DISABLED" });
    expect(result.message).toContain("exec = true under [command] in /etc/farhand/relay.toml");
  });

  it("refuses NUL by the registry's schema", () => {
    for (const spec of [{ argv: ["a\0"] }, { argv: ["a"], cwd: "/\0" }, { argv: ["a"], env: { A: "\0" } }])
      expect(checkSpec(commandExec, spec, "").spec).toBeNull();
  });

  it("gives the base environment, the marker and the job's id; a caller cannot replace these, nor see the relay's secrets", async () => {
    process.env["FARHAND_CANARY"] = "canary";
    const env = { EXTRA: "1", FARHAND_JOB: "x", FARHAND_JOB_ID: "x" };
    const { stdout } = await output("command.exec", { argv: ["env"], env });
    delete process.env["FARHAND_CANARY"];
    expect(stdout).toMatch(/^EXTRA=1$/m);
    expect(stdout).toMatch(/^FARHAND_JOB=01JD0000000000000000000000\.[0-9a-f]{16}$/m);
    expect(stdout).toMatch(/^FARHAND_JOB_ID=01JD0000000000000000000000$/m);
    expect(stdout).not.toContain("canary");
  });

  it("tells exit code and signal", async () => {
    expect(await output("command.exec", { argv: ["sh", "-c", "echo e >&2; exit 3"] })).toMatchObject({
      exit_code: 3,
      signal: null,
      stderr: "e\n",
    });
    expect(await output("command.exec", { argv: ["sh", "-c", "kill -9 $$"] })).toMatchObject({ exit_code: null, signal: "SIGKILL" });
  });

  it("keeps the last 64 KiB of each stream, cut at a character, and gives all of it to the job's output", async () => {
    const context = jobContext();
    const result = await run("command.exec", { argv: ["sh", "-c", "yes äöü | head -c 999999; echo end; echo err >&2"] }, context);
    const data = result.data as { stdout: string; stderr: string; truncated: boolean };
    expect(data.truncated).toBe(true);
    const bytes = Buffer.byteLength(data.stdout);
    expect(bytes).toBeGreaterThan(LIMITS.resultTailBytes - 4);
    expect(bytes).toBeLessThanOrEqual(LIMITS.resultTailBytes);
    expect(data.stdout).not.toContain("\ufffd");
    expect(data.stdout.endsWith("end\n")).toBe(true);
    expect(data.stderr).toBe("err\n");
    expect(context.written.stdout.length).toBeGreaterThan(500_000);
  });

  it("does not call 64 KiB truncated, and shows bytes that are not UTF-8 as U+FFFD", async () => {
    const exact = await output("command.exec", { argv: ["sh", "-c", `head -c ${LIMITS.resultTailBytes} /dev/zero | tr '\\0' x`] });
    expect(exact.truncated).toBe(false);
    expect(exact.stdout.length).toBe(LIMITS.resultTailBytes);
    expect((await output("command.exec", { argv: ["printf", "a\\377b"] })).stdout).toBe("a\ufffdb");
  });
});

it("no driver but through exec.ts starts a process", async () => {
  const folder = new URL("../../../relay/drivers/", import.meta.url);
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".ts"));
  for (const name of files) expect(await readFile(new URL(name, folder), "utf8"), name).not.toContain("node:child_process");
});
