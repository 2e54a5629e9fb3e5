// Interactive terminals on real parts: client → Worker → lane → relay → tmux → shell, and back.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { havePackage } from "../debian.ts";
import { pidOf, startProduct, type Product } from "../product.ts";
import { json, until } from "./api.ts";
import { dial, look, ticket } from "./viewer.ts";

const TOML = `name = "term"
[terminal]
enabled = true
shell = "/bin/sh"
`;
const hasTmux = havePackage("tmux");

describe.skipIf(!hasTmux)("a terminal", () => {
  let product: Product;
  const key = async (name: string, grants: unknown[]) =>
    (await json<{ key: string; id: string }>(product, "POST", "/api/v1/keys", { name, grants })).body;
  const call = async (operation: string, spec: object) =>
    (
      await json<{ data: { terminals: { terminal: string }[] } }>(product, "POST", "/api/v1/hosts/term/calls", {
        operation,
        resource_spec: spec,
      })
    ).body.data;
  beforeAll(async () => {
    product = await startProduct(TOML);
    await until("the lane", async () => (await ticket(product)).status === 201);
  });
  afterAll(async () => {
    for (const { terminal } of (await call("terminal.list", {})).terminals)
      await json(
        product,
        "POST",
        "/api/v1/hosts/term/jobs",
        { operation: "terminal.kill", resource_spec: { terminal } },
        { prefer: "wait=20" },
      );
    await product.stop();
  });

  it("echoes, resizes, has several viewers of which one writes, and ends with its shell", async () => {
    const first = await look(product, { columns: 90, rows: 20 });
    first.type("echo one-$((40+2)); stty size\r");
    await first.sees("one-42");
    await first.sees("20 90");
    const { terminal } = first.state;
    const second = await look(product, { terminal, columns: 70, rows: 15 });
    expect([first.state.writer, second.state.writer]).toEqual([true, false]);
    await second.sees("one-42");
    second.type("echo never\r");
    second.say({ type: "take" });
    await until("the other writes", () => second.state.writer && !first.state.writer && first.state.columns === 70);
    second.type("stty size\r");
    await first.sees("15 70");
    second.say({ type: "resize", columns: 100, rows: 30 });
    await until("a new size", () => first.state.columns === 100 && first.state.rows === 30);
    expect(first.text).not.toContain("never");
    second.type("exit\r");
    await until("the end", () => first.closed !== null && second.closed !== null);
    expect([first.ended, second.ended]).toEqual(["The program ended.", "The program ended."]);
  });

  it("is only looked at by a reader", async () => {
    const owner = await look(product);
    const { terminal } = owner.state;
    const reader = await key("reader", [{ role: "reader", hosts: ["*"] }]);
    expect(await ticket(product, { terminal, mode: "write" }, reader.key)).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    expect(await ticket(product, { mode: "read" }, reader.key)).toMatchObject({ status: 422 });
    const made = await ticket(product, { terminal, mode: "read" }, reader.key);
    expect(made.status).toBe(201);
    const viewer = await dial(product, made.body.url, { authorization: `Bearer ${reader.key}` });
    if (typeof viewer === "number") throw new Error(String(viewer));
    await until("a state", () => viewer.states.length > 0);
    viewer.say({ type: "take" });
    viewer.type("echo by-reader\r");
    viewer.say({ type: "resize", columns: 20, rows: 5 });
    owner.type("echo by-owner\r");
    await viewer.sees("by-owner");
    expect(viewer.text + owner.text).not.toContain("by-reader");
    expect([viewer.state.writer, viewer.state.columns]).toEqual([false, 80]);
    // Revoked: closed within 5 s.
    expect((await json(product, "DELETE", `/api/v1/keys/${reader.id}`)).status).toBe(204);
    await until("its end", () => viewer.closed !== null, 6_000);
    expect(owner.closed).toBeNull();
    owner.type("exit\r");
    await owner.gone();
  });

  it("is opened by a ticket once, by its principal, from this origin", async () => {
    const other = await key("other", [{ role: "operator", hosts: ["*"] }]);
    const stolen = await ticket(product);
    expect(await dial(product, stolen.body.url, { authorization: `Bearer ${other.key}` })).toBe(403);
    expect(await dial(product, stolen.body.url)).toBe(403);
    const foreign = await ticket(product);
    expect(await dial(product, foreign.body.url, { origin: "https://evil.example" })).toBe(403);
    const made = await ticket(product);
    const viewer = await dial(product, made.body.url, { origin: product.ready.url });
    if (typeof viewer === "number") throw new Error(String(viewer));
    expect(await dial(product, made.body.url)).toBe(403);
    expect(await dial(product, made.body.url.replace(/=.*/, "=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))).toBe(403);
    await until("a state", () => viewer.states.length > 0);
    viewer.type("exit\r");
    await viewer.gone();
    expect(await ticket(product, { terminal: "t-01jd0000000000000000000000" })).toMatchObject({ status: 201 });
    await until("the audit record", async () => {
      const audit = await json<{ items: { action: string }[] }>(product, "GET", "/api/v1/audit?limit=50");
      return audit.body.items.some(({ action }) => action === "terminal.ticket");
    });
  });

  it("survives the relay: the session goes on, and a new ticket finds it as it was", async () => {
    const before = await look(product);
    const { terminal } = before.state;
    before.type("kept=yes; echo set\r");
    await before.sees("set\r\n");
    process.kill(pidOf(product, "relay"), "SIGKILL");
    await until("the cut", () => before.closed !== null, 45_000);
    const after = await until("it is back", () => look(product, { terminal }).catch(() => null), 30_000);
    await after.sees("set");
    after.type("echo $kept-$((1+1))\r");
    await after.sees("yes-2");
    after.type("exit\r");
    await after.gone();
  });

  it("is refused with the line of relay.toml that would allow it", async () => {
    writeFileSync(join(product.dir, "relay.toml"), TOML.replace("true", "false"));
    process.kill(pidOf(product, "relay"), "SIGHUP");
    await until("the refusal", async () => (await ticket(product)).body.code === "TERMINALS_DISABLED");
    const answer = await json<{ code: string; message: string }>(product, "POST", "/api/v1/hosts/term/calls", {
      operation: "terminal.list",
    });
    expect(answer.body.code).toBe("TERMINALS_DISABLED");
    expect(answer.body.message).toContain("[terminal]");
    writeFileSync(join(product.dir, "relay.toml"), TOML);
    process.kill(pidOf(product, "relay"), "SIGHUP");
    await until("it is back", async () => (await ticket(product)).status === 201);
  });

  it("does what docs/terminals.md shows", async () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/terminals.md"), "utf8");
    const [, block] = /(farhand run vm100 terminal\.create[^`]+)```/.exec(page)!;
    const env = { ...process.env, FARHAND_URL: product.ready.url, FARHAND_API_KEY: product.ready.api_key };
    const entry = join(import.meta.dirname, "../../cli/farhand.mjs");
    let id = "";
    for (const line of block!.trim().split("\n")) {
      const text = line.replace("vm100", "term").replace("t-01j…", id);
      const { stdout, stderr, status } = spawnSync("bash", ["-c", text.replace("farhand", '"$NODE" "$ENTRY"')], {
        encoding: "utf8",
        env: { ...env, NODE: process.execPath, ENTRY: entry },
        timeout: 30_000,
      });
      expect({ line, status, stderr: status === 0 ? "" : stderr }).toEqual({ line, status: 0, stderr: "" });
      id ||= /t-[0-9a-z]{26}/.exec(stdout)?.[0] ?? (await call("terminal.list", {})).terminals.at(-1)!.terminal;
    }
    expect((await call("terminal.list", {})).terminals.map(({ terminal }) => terminal)).not.toContain(id);
  });

  it("is used from the CLI: typed in, left, found again, listed; the person's own terminal is as it was", async () => {
    const dir = mkdtempSync(join(tmpdir(), "farhand-cli-terminal-"));
    const tmux = (...args: string[]) => spawnSync("tmux", ["-S", join(dir, "s"), "-f", "/dev/null", ...args], { encoding: "utf8" }).stdout;
    const screen = () => tmux("capture-pane", "-p", "-t", "person");
    const shows = (what: string, look: () => boolean, ms?: number) =>
      until(what, look, ms).catch((error: unknown) => {
        throw new Error(`${(error as Error).message}: ${screen()}`, { cause: error });
      });
    const cli = `${process.execPath} ${join(import.meta.dirname, "../../cli/farhand.mjs")}`;
    try {
      const env = ["-e", `FARHAND_URL=${product.ready.url}`, "-e", `FARHAND_API_KEY=${product.ready.api_key}`, "-e", "PS1=person> "];
      tmux("new-session", "-d", "-s", "person", "-x", "100", "-y", "30", ...env, "bash", "--norc", "--noprofile");
      tmux("send-keys", "-t", "person", `${cli} terminal term`, "Enter");
      await shows("a shell on the host", () => /^[#$] *$/m.test(screen()) && !screen().includes("person>"), 30_000);
      tmux("send-keys", "-t", "person", "mine=kept; echo in-$((6*7)); stty size", "Enter");
      await shows("its answer", () => screen().includes("in-42") && screen().includes("30 100"));
      tmux("resize-window", "-t", "person", "-x", "80", "-y", "20");
      tmux("send-keys", "-t", "person", "stty size", "Enter");
      await shows("the new size", () => screen().includes("20 80"));
      tmux("send-keys", "-t", "person", "C-]");
      await shows("back at home", () => screen().includes("Left it: it goes on.") && screen().trimEnd().endsWith("person>"));
      const id = /--attach (t-[0-9a-z]{26})/.exec(screen().replaceAll("\n", ""))![1]!;
      tmux("send-keys", "-t", "person", `clear; ${cli} terminal term --list; ${cli} terminal term --attach ${id}`, "Enter");
      await shows("it again", () => screen().includes("in-42") && !screen().includes("--list"), 30_000);
      tmux("send-keys", "-t", "person", "echo $mine-still; exit", "Enter");
      await shows("the end", () => screen().includes("The program ended.") && screen().trimEnd().endsWith("person>"));
      tmux("send-keys", "-t", "person", "clear; stty -a | grep -o -- '-*echo '; echo code-$?", "Enter");
      await shows("sane", () => screen().includes("code-0"));
      expect(screen()).toMatch(/^echo/m);
    } finally {
      tmux("kill-server");
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
