// The tmux driver: the contract of drivers, what relay.toml lets it do, and that no text of a caller is ever run or expanded.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { checkSpec } from "../../../protocol/operations/define.ts";
import { findOperation } from "../../../protocol/operations/index.ts";
import { allows, parseConfig } from "../../../relay/config.ts";
import { readEnvironment } from "../../../relay/proc.ts";
import { havePackage } from "../../debian.ts";
import { isAlive, until } from "../exec/processes.ts";
import { create, dataOf, TOML, tmuxHost, type TmuxHost } from "../tmux/host.ts";
import { testDriver } from "./contract.ts";

const hasTmux = havePackage("tmux");
const GONE = "t-01jd0000000000000000000000";

if (hasTmux) {
  const dir = mkdtempSync(join(tmpdir(), "farhand-tmux-contract-"));
  afterAll(() => {
    spawnSync("tmux", ["-S", join(dir, "tmux/socket"), "kill-server"]);
    rmSync(dir, { recursive: true, force: true });
  });
  testDriver({
    name: "tmux",
    config: `state_dir = "${dir}"\n${TOML}`,
    succeeds: {
      "terminal.list": [{}],
      "terminal.create": [{}, { title: "build", columns: 120, rows: 40, argv: ["sleep", "60"], cwd: "/tmp" }],
    },
    refuses: [
      { operation: "terminal.split", spec: { terminal: GONE }, code: "TERMINAL_NOT_FOUND" },
      { operation: "terminal.send", spec: { terminal: GONE, text: "x" }, code: "TERMINAL_NOT_FOUND" },
      { operation: "terminal.capture", spec: { terminal: GONE }, code: "TERMINAL_NOT_FOUND" },
      { operation: "terminal.save", spec: { terminal: GONE, file: "x.txt" }, code: "TERMINAL_NOT_FOUND" },
      { operation: "terminal.resize", spec: { terminal: GONE, columns: 80, rows: 24 }, code: "TERMINAL_NOT_FOUND" },
      { operation: "terminal.kill", spec: { terminal: GONE }, code: "TERMINAL_NOT_FOUND" },
      { operation: "terminal.record", spec: { terminal: GONE, action: "stop" }, code: "TERMINAL_NOT_FOUND" },
      { operation: "terminal.create", spec: { cwd: "/no/such/place" }, code: "SPEC_INVALID" },
      {
        operation: "terminal.create",
        spec: { argv: ["x".repeat(4000), "x".repeat(4000), "x".repeat(4000), "x".repeat(4000)] },
        code: "SPEC_INVALID",
      },
    ],
  });
}

interface Listed {
  terminals: {
    terminal: string;
    title: string;
    command: string;
    created_by: string;
    viewers: number;
    panes: { pane: number; pid: number; recording: string | null }[];
  }[];
}

describe.skipIf(!hasTmux)("terminal operations", () => {
  let host: TmuxHost;
  const screen = async (terminal: string, more = {}) =>
    dataOf<{ text: string }>(await host.run("terminal.capture", { terminal, ...more })).text;
  const list = async () => dataOf<Listed>(await host.run("terminal.list", {})).terminals;
  beforeAll(async () => {
    host = await tmuxHost();
  });
  afterAll(() => host.stop());

  it("type text and keys as they are, however hostile", async () => {
    const terminal = await create(host, { argv: ["/bin/sh", "-c", "stty -echo; echo ready; cat -v"] });
    // Before that the line discipline would echo what is typed.
    await until(async () => (await screen(terminal)).includes("ready"), "its program");
    const canary = join(host.dir, "expanded");
    const text = `#(touch ${canary}) #{pid} $(touch ${canary}) ; kill-server \\; %end 1 1 1 \u00e9\u{1f642} 'quote" \\033[31m`;
    dataOf(await host.run("terminal.send", { terminal, text, keys: ["Enter"] }));
    const shown = spawnSync("cat", ["-v"], { input: text, encoding: "utf8" }).stdout.replaceAll("\n", "");
    await until(async () => (await screen(terminal)).replaceAll("\n", "").includes(shown), `the text ${shown}`);
    expect(existsSync(canary)).toBe(false);
    dataOf(await host.run("terminal.send", { terminal, keys: ["C-c"] }));
    await until(async () => !(await list()).some((one) => one.terminal === terminal), "its end");
  });

  it("keep hostile titles, programs and directories as text", async () => {
    const canary = join(host.dir, "expanded");
    const folder = join(host.dir, "a #{pid} #(touch x);");
    mkdirSync(folder);
    const hostile = [`#(touch ${canary})`, "#{pid}", "; kill-server ;", ";", "\\;", "$(id)", "{", "}", "-x", "a'b\"c", "#[fg=red]", "##[x"];
    for (const title of hostile) {
      const terminal = await create(host, {
        title,
        argv: ["/bin/sh", "-c", 'printf "%s|" "$PWD" "$@"; sleep 60', "sh", ...hostile],
        cwd: folder,
        columns: 500,
        rows: 10,
      });
      await until(async () => (await screen(terminal)).includes("##[x|"), "its arguments");
      expect((await screen(terminal)).split("\n")[0]).toBe(`${[folder, ...hostile].join("|")}|`);
      expect((await list()).find((one) => one.terminal === terminal)).toMatchObject({ title, created_by: "user:test" });
      dataOf(await host.run("terminal.kill", { terminal }));
    }
    expect(existsSync(canary)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("run without the relay's tmux, secrets and job marker in the environment", async () => {
    process.env["FARHAND_JOB"] = "01JD0000000000000000000000.x";
    process.env["SECRET_OF_RELAY"] = "hunter2";
    try {
      const terminal = await create(host, { argv: ["sleep", "60"] });
      const { pid } = (await list()).find((one) => one.terminal === terminal)!.panes[0]!;
      const environment = (await readEnvironment(pid))!.toString("utf8");
      expect(environment).not.toMatch(/FARHAND_JOB|hunter2|TMUX/);
      expect(environment).toContain("TERM=xterm-256color");
      const server = host.tmux("display-message", "-p", "#{pid}").stdout.trim();
      expect((await readEnvironment(Number(server)))!.toString("utf8")).not.toMatch(/FARHAND_JOB|hunter2/);
      dataOf(await host.run("terminal.kill", { terminal }));
    } finally {
      delete process.env["FARHAND_JOB"];
      delete process.env["SECRET_OF_RELAY"];
    }
  });

  it("end everything that runs in a terminal, also what ignores a hang-up", async () => {
    const terminal = await create(host, {
      argv: ["/bin/sh", "-c", "trap '' HUP TERM; sleep 300 & echo pid-$!; while :; do sleep 1; done"],
    });
    await until(async () => /pid-\d+/.test(await screen(terminal)), "its child");
    const child = Number(/pid-(\d+)/.exec(await screen(terminal))![1]);
    const { pid } = (await list()).find((one) => one.terminal === terminal)!.panes[0]!;
    expect(dataOf(await host.run("terminal.kill", { terminal }))).toEqual({ terminal, ended: true });
    expect([await isAlive(pid), await isAlive(child)]).toEqual([false, false]);
  });

  it("split, resize, and end one pane", async () => {
    const terminal = await create(host, { columns: 100, rows: 40 });
    const made = dataOf<{ pane: number; rows: number }>(await host.run("terminal.split", { terminal }));
    expect(made.rows).toBeLessThan(25);
    expect(dataOf(await host.run("terminal.resize", { terminal, columns: 60, rows: 20 }))).toMatchObject({ columns: 60 });
    expect(dataOf(await host.run("terminal.kill", { terminal, pane: made.pane }))).toEqual({ terminal, ended: false });
    expect((await list()).find((one) => one.terminal === terminal)!.panes).toHaveLength(1);
    expect(await host.run("terminal.kill", { terminal, pane: made.pane })).toMatchObject({ code: "TERMINAL_NOT_FOUND" });
    dataOf(await host.run("terminal.kill", { terminal }));
  });

  it("capture within bounds, with and without colours and lines above", async () => {
    const terminal = await create(host, {
      columns: 200,
      rows: 50,
      argv: ["/bin/sh", "-c", "for i in $(seq 1 2000); do printf '\\033[32mline-%0150d\\033[0m\\n' $i; done; sleep 60"],
    });
    await until(async () => (await screen(terminal)).includes("2000"), "the output");
    const whole = dataOf<{ text: string; truncated: boolean }>(await host.run("terminal.capture", { terminal, scrollback: 5000 }));
    expect(whole.truncated).toBe(true);
    expect(Buffer.byteLength(whole.text)).toBeLessThanOrEqual(LIMITS.terminalCaptureBytes);
    expect(whole.text).toMatch(/^line-0+\d+\n/);
    expect(await screen(terminal)).not.toContain("\u001b");
    expect(await screen(terminal, { escapes: true })).toContain("\u001b[32m");
    const saved = dataOf<{ path: string; lines: number; bytes: number }>(await host.run("terminal.save", { terminal, file: "all.txt" }));
    expect(saved.path).toBe(join(host.dir, "terminals/all.txt"));
    const lines = readFileSync(saved.path, "utf8")
      .split("\n")
      .filter((line) => line !== "");
    expect(lines.map((line) => Number(line.slice(5)))).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
    expect(await host.run("terminal.save", { terminal, file: "all.txt" })).toMatchObject({ code: "FILE_EXISTS" });
    dataOf(await host.run("terminal.kill", { terminal }));
  });

  it.each(["../escape", "/etc/passwd", ".hidden", "a/b", "", "a\0b"])("refuse the file name %j", (file) => {
    expect(checkSpec(findOperation("terminal.save")!, { terminal: GONE, file }, "").errors).not.toEqual([]);
  });

  it("record output with its times, and stop", async () => {
    const terminal = await create(host, { title: "recorded" });
    const start = dataOf<{ path: string }>(await host.run("terminal.record", { terminal, action: "start", file: "session.cast" }));
    expect(await host.run("terminal.record", { terminal, action: "start", file: "other.cast" })).toMatchObject({ code: "TERMINAL_FAILED" });
    expect((await list()).find((one) => one.terminal === terminal)!.panes[0]!.recording).toBe(start.path);
    dataOf(await host.run("terminal.send", { terminal, text: "printf 'h\\303\\251-%s\\n' $((6*7))", keys: ["Enter"] }));
    await until(async () => (await screen(terminal)).includes("h\u00e9-42"), "the output");
    dataOf(await host.run("terminal.resize", { terminal, columns: 90, rows: 30 }));
    await until(() => readFileSync(start.path, "utf8").includes('"r","90x30"'), "the resize");
    expect(dataOf(await host.run("terminal.record", { terminal, action: "stop" }))).toMatchObject({
      path: start.path,
      recording: false,
      truncated: false,
    });
    const [header, ...events] = readFileSync(start.path, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(header).toMatchObject({ version: 2, width: 80, height: 24, title: "recorded" });
    const times = (events as [number, string, string][]).map(([at]) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect((events as [number, string, string][]).map(([, , text]) => text).join("")).toContain("h\u00e9-42");
    expect(await host.run("terminal.record", { terminal, action: "stop" })).toMatchObject({ code: "TERMINAL_FAILED" });
    dataOf(await host.run("terminal.kill", { terminal }));
  });

  it("survive a relay's restart; a tmux that was killed is said to be gone, and a new terminal starts another", async () => {
    const terminal = await create(host, { title: "kept" });
    await host.restart();
    expect(await list()).toMatchObject([{ terminal, title: "kept" }]);
    const viewer = await host.view({ terminal });
    process.kill(Number(host.tmux("display-message", "-p", "#{pid}").stdout), "SIGKILL");
    await until(() => viewer.closed, "the end");
    expect(viewer.endedWith).toMatch(/^The terminal is gone/);
    expect(await list()).toEqual([]);
    expect(await host.run("terminal.capture", { terminal })).toMatchObject({ code: "TERMINAL_NOT_FOUND" });
    const again = await create(host);
    expect((await list()).map((one) => one.terminal)).toEqual([again]);
    dataOf(await host.run("terminal.kill", { terminal: again }));
  });
});

describe.skipIf(!hasTmux)("relay.toml", () => {
  it("bounds the number of terminals, and programs of one's own", async () => {
    const host = await tmuxHost('[terminal]\nenabled = true\nmax = 1\nshell = "/bin/sh"\n');
    try {
      expect(await host.run("terminal.create", { argv: ["true"] })).toMatchObject({ code: "EXEC_DISABLED" });
      dataOf(await host.run("terminal.create", {}));
      expect(await host.run("terminal.create", {})).toMatchObject({ code: "TERMINAL_LIMIT" });
      expect((await host.view()).refused?.code).toBe("TERMINAL_LIMIT");
    } finally {
      await host.stop();
    }
  });

  it.each([
    ["", "terminal.list", "TERMINALS_DISABLED"],
    ["[terminal]\nenabled = false", "terminal.open", "TERMINALS_DISABLED"],
    ['[allow]\noperations = ["terminal.*"]', "terminal.create", "TERMINALS_DISABLED"],
    ['[terminal]\nenabled = true\n[allow]\noperations = ["host.*"]', "terminal.open", "OPERATION_NOT_ALLOWED"],
    ['[terminal]\nenabled = true\n[allow]\noperations = ["terminal.watch"]', "terminal.open", "OPERATION_NOT_ALLOWED"],
    ['[terminal]\nenabled = true\n[allow]\noperations = ["terminal.watch"]', "terminal.watch", null],
    ["[terminal]\nenabled = true", "terminal.kill", null],
  ])("%j answers %s with %s", (toml, operation, code) => {
    const allowance = allows(parseConfig(toml, "/etc/farhand/relay.toml"), operation);
    expect(allowance.allowed ? null : allowance.code).toBe(code);
    if (!allowance.allowed) expect(allowance.message).toContain("/etc/farhand/relay.toml");
  });

  it("may say what docs/terminals.md says", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/terminals.md"), "utf8");
    const [, toml] = /```toml\n([^]+?)\n```/.exec(page)!;
    const all = parseConfig(toml!.replaceAll(/^# /gm, ""), "/etc/farhand/relay.toml").terminal;
    expect(all).toEqual({ enabled: true, shell: "/bin/bash", save_dir: "/srv/recordings", scrollback: 5000, max: 64 });
    expect(parseConfig(toml!, "/etc/farhand/relay.toml").terminal).toEqual({ enabled: true, scrollback: 5000, max: 64 });
  });

  it.each(['shell = "bash"', 'save_dir = "relative"', "scrollback = -1", "max = 65", "enable = true"])("refuses [terminal] %s", (line) => {
    expect(() => parseConfig(`[terminal]\n${line}\n`, "/etc/farhand/relay.toml")).toThrow(/relay\.toml:2/);
  });
});
