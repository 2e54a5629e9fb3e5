// Interactive terminals on a real tmux, seen through a channel as the lane gives it.
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { havePackage } from "../../debian.ts";
import { until } from "../exec/processes.ts";
import type { FakeViewer } from "./fake-channel.ts";
import { create, dataOf, tmuxHost, type TmuxHost } from "./host.ts";

const hasTmux = havePackage("tmux");
/** With `<` for what begins a sequence. */
const plain = (text: string) => text.replaceAll("\u001b[", "<");

describe.skipIf(!hasTmux)("an interactive terminal", () => {
  let host: TmuxHost;
  beforeAll(async () => {
    host = await tmuxHost();
  });
  afterAll(() => host.stop());

  it("is made, echoes what is typed, and ends with its shell", async () => {
    const viewer = await host.view({ columns: 100, rows: 30 });
    expect(viewer.isHead).toBe(true);
    expect(viewer.states[0]).toMatchObject({ columns: 100, rows: 30, writer: true, viewers: 1, reset: true });
    viewer.type("echo one-$((40+2)); stty size\r");
    await viewer.sees("one-42");
    await viewer.sees(/30 100/);
    viewer.type("exit\r");
    await until(() => viewer.closed, "the end");
    expect(viewer.endedWith).toBe("The program ended.");
    expect(dataOf<{ terminals: unknown[] }>(await host.run("terminal.list", {})).terminals).toEqual([]);
  });

  it("gives every byte to the program, in order, and acknowledges it when it did", async () => {
    const terminal = await create(host, { argv: ["/bin/sh", "-c", "stty raw -echo; echo ready; exec od -An -v -tx1 -w16"] });
    const viewer = await host.view({ terminal });
    await viewer.sees("ready");
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    for (const byte of all) viewer.type(all.subarray(byte, byte + 1));
    const expected = [...all].map((byte) => byte.toString(16).padStart(2, "0"));
    await until(
      () => {
        const shown = viewer.text.slice(viewer.text.lastIndexOf("ready") + 5).match(/\b[0-9a-f]{2}\b/g) ?? [];
        return shown.length >= 256 && shown.slice(0, 256).join() === expected.join();
      },
      `all bytes, in ${JSON.stringify(viewer.text.slice(-300))}`,
    );
    await until(() => viewer.takenBytes === viewer.sentBytes, "acknowledgement");
    dataOf(await host.run("terminal.kill", { terminal }));
  });

  it("takes a large paste in pieces, whole", async () => {
    const terminal = await create(host, { argv: ["/bin/sh", "-c", "stty raw -echo; echo ready; head -c 200000 | cksum; head -c 1"] });
    const viewer = await host.view({ terminal });
    await viewer.sees("ready");
    const paste = Buffer.from(Array.from({ length: 200_000 }, (_, i) => 32 + ((i * 7) % 95)));
    for (let at = 0; at < paste.length; at += 100_000) viewer.type(paste.subarray(at, at + 100_000));
    await until(() => viewer.takenBytes === viewer.sentBytes, "acknowledgement");
    await viewer.sees(spawnSync("cksum", { input: paste, encoding: "utf8" }).stdout.trim());
    viewer.type("x");
    await until(() => viewer.endedWith !== null, "the end");
  });

  it("shows several viewers the same; one writes at a time, by choice", async () => {
    const terminal = await create(host, { columns: 90, rows: 20 });
    const first = await host.view({ terminal, columns: 90, rows: 20 });
    const second = await host.view({ terminal, columns: 70, rows: 18 });
    const reader = await host.view({ terminal, mode: "read", columns: 40, rows: 10 });
    expect([first.state.writer, second.state.writer, reader.state.writer]).toEqual([true, false, false]);
    await until(() => first.state.viewers === 3 && second.state.viewers === 3, "three viewers");
    second.type("echo from-second\r");
    reader.type("echo from-reader\r");
    reader.say({ type: "resize", columns: 30, rows: 8 });
    reader.say({ type: "take" });
    first.type("echo from-first\r");
    for (const viewer of [first, second, reader]) await viewer.sees(/from-first\r\n/);
    expect(first.text + second.text + reader.text).not.toMatch(/from-second|from-reader/);
    expect([first.state.columns, first.state.rows, reader.state.columns]).toEqual([90, 20, 90]);
    second.say({ type: "take" });
    await until(() => second.state.writer && !first.state.writer && second.state.columns === 70, "the other writes");
    second.type("stty size; echo now-$((1+1))\r");
    await first.sees("now-2");
    await second.sees(/18 70/);
    await until(() => first.state.columns === 70 && reader.state.rows === 18, "its size is everyone's");
    second.leave();
    await until(() => first.state.viewers === 2, "two viewers");
    first.type("echo back\r");
    await reader.sees(/back\r\n/);
    expect(first.state.writer).toBe(true);
    reader.cancel();
    first.cancel();
    dataOf(await host.run("terminal.kill", { terminal }));
  });

  it("is drawn anew for one who comes later: text, colours, cursor, history", async () => {
    const terminal = await create(host, { columns: 60, rows: 10 });
    const script =
      "clear; for i in $(seq 1 30); do echo line-$i; done; printf '\\033[31;44mcoloured\\033[0m h\\303\\251llo\\033[3;7H'; sleep 60";
    dataOf(await host.run("terminal.send", { terminal, text: script, keys: ["Enter"] }));
    await until(async () => dataOf<{ text: string }>(await host.run("terminal.capture", { terminal })).text.includes("line-30"), "output");
    const viewer = await host.view({ terminal, mode: "read" });
    await viewer.sees("line-1\r\n");
    const shown = plain(viewer.text);
    expect(shown).toMatch(/<31m<44mcoloured|<31;44mcoloured/);
    await viewer.sees("h\u00e9llo");
    expect(shown).toMatch(/<3;7H<\?25h$/);
    expect(viewer.text.match(/line-/g)).toHaveLength(30);
    dataOf(await host.run("terminal.kill", { terminal }));
    await until(() => viewer.endedWith !== null, "the end");
  });

  it("shows the alternate screen and its modes, and the other one when the program leaves", async () => {
    const terminal = await create(host, {
      columns: 40,
      rows: 8,
      argv: [
        "/bin/sh",
        "-c",
        "echo behind; printf '\\033[?1049h\\033[2;3Hfront\\033[?1h\\033[?25l\\033[?1002h\\033[?1006h'; read x; printf '\\033[?1049l'; echo left; sleep 60",
      ],
    });
    await until(
      async () => dataOf<{ alternate: boolean; text: string }>(await host.run("terminal.capture", { terminal })).text.includes("front"),
      "front",
    );
    const viewer = await host.view({ terminal });
    await viewer.sees("front");
    expect(viewer.text).toContain("\u001b[?1049h\u001b[H");
    for (const mode of ["\u001b[?1h", "\u001b[?1002h", "\u001b[?1006h", "\u001b[?25l"])
      expect(viewer.text.slice(viewer.text.indexOf("front"))).toContain(mode);
    const before = viewer.resets;
    viewer.type("\r");
    await until(() => viewer.resets > before, "a new screen");
    await viewer.sees("behind");
    await viewer.sees("left");
    dataOf(await host.run("terminal.kill", { terminal }));
  });

  it("drops a viewer that does not keep up, holds nobody, and shows it the screen when it has caught up", async () => {
    const terminal = await create(host);
    const fast = await host.view({ terminal });
    const slow = await host.view({ terminal, mode: "read" });
    await slow.ready();
    const [shown, resets] = [slow.received, slow.resets];
    slow.shows = false;
    fast.type("seq 1 200000; echo done-$((2+3))\r");
    await fast.sees("done-5");
    expect(slow.received - shown).toBeLessThanOrEqual(LIMITS.windowBytes);
    expect(slow.text).not.toContain("done-5");
    slow.shows = true;
    slow.say({ type: "shown", bytes: slow.received });
    await until(() => slow.resets > resets, "a new screen");
    await slow.sees("done-5");
    fast.type("echo again\r");
    await slow.sees("again");
    dataOf(await host.run("terminal.kill", { terminal }));
  });

  it("costs nothing while all who look have fallen behind, and comes back", async () => {
    const terminal = await create(host, { argv: ["/bin/sh", "-c", "yes | head -c 5000000; echo over; sleep 60"] });
    const viewer = await host.view({ terminal });
    const shown = viewer.received;
    viewer.shows = false;
    await until(
      async () => dataOf<{ text: string }>(await host.run("terminal.capture", { terminal })).text.includes("over"),
      "the end of yes",
      60_000,
    );
    expect(viewer.received - shown).toBeLessThanOrEqual(LIMITS.windowBytes);
    viewer.shows = true;
    viewer.say({ type: "shown", bytes: viewer.received });
    await viewer.sees("over");
    dataOf(await host.run("terminal.kill", { terminal }));
  });

  it("does not pass on questions, so that no viewer's terminal types an answer", async () => {
    const terminal = await create(host, { argv: ["/bin/sh", "-c", "printf 'a\\033[c\\033[6n\\033]11;?\\007b'; sleep 60"] });
    const viewer = await host.view({ terminal });
    await viewer.sees("ab");
    expect(viewer.text).not.toContain("11;?");
    expect(plain(viewer.text)).not.toMatch(/<c|<6n/);
    dataOf(await host.run("terminal.kill", { terminal }));
  });

  it("looks at one pane of a split one, and says when it is closed", async () => {
    const terminal = await create(host, { columns: 80, rows: 24 });
    const made = dataOf<{ pane: number; columns: number }>(await host.run("terminal.split", { terminal, direction: "beside" }));
    const viewer = await host.view({ terminal: `${terminal}.${made.pane}`, mode: "read" });
    const other = await host.view({ terminal, mode: "read" });
    dataOf(await host.run("terminal.send", { terminal, pane: made.pane, text: "echo in-$((9*9))", keys: ["Enter"] }));
    await viewer.sees("in-81");
    dataOf(await host.run("terminal.send", { terminal, pane: made.pane, text: "exit", keys: ["Enter"] }));
    await until(() => viewer.endedWith !== null, "the pane's end");
    expect(viewer.endedWith).toBe("The program ended.");
    await until(() => other.state.columns === 80, "the other has the room");
    expect(other.text).not.toContain("in-81");
    expect(other.closed).toBe(false);
    dataOf(await host.run("terminal.kill", { terminal }));
  });

  it("ends also where tmux lost the program's end: the pane is dead and its hook does not run", async () => {
    const own = await tmuxHost();
    try {
      const terminal = await create(own);
      expect(own.tmux("set-hook", "-gu", "pane-died").status).toBe(0);
      const made = dataOf<{ pane: number }>(await own.run("terminal.split", { terminal }));
      const [viewer, beside] = [await own.view({ terminal }), await own.view({ terminal: `${terminal}.${made.pane}` })];
      viewer.type("exit\r");
      await until(() => viewer.endedWith !== null, "the end");
      expect(viewer.endedWith).toBe("The program ended.");
      beside.type("exit\r");
      await until(() => beside.endedWith !== null, "the other's end");
      expect(own.tmux("list-panes", "-a").stdout).toBe("");
    } finally {
      await own.stop();
    }
  });

  it("survives a relay that stops: viewers are told to come again, and find it as it was", async () => {
    const terminal = await create(host);
    const viewer = await host.view({ terminal });
    viewer.type("x=kept; echo set\r");
    await viewer.sees(/set\r\n/);
    await host.restart();
    await until(() => viewer.closed, "the relay's stop");
    expect(viewer.endedWith).toBeNull();
    const again = await host.view({ terminal });
    await again.sees("set");
    again.type("echo $x-still\r");
    await again.sees("kept-still");
    dataOf(await host.run("terminal.kill", { terminal }));
    await until(() => again.endedWith !== null, "the end");
  });

  it.each([
    ["a terminal that is not there", { terminal: "t-01jd0000000000000000000000" }, "TERMINAL_NOT_FOUND"],
    ["a name of another kind", { terminal: "farhand; kill-server" }, "TERMINAL_NOT_FOUND"],
    ["a reader of nothing", { mode: "read" as const }, "TERMINAL_NOT_FOUND"],
  ])("refuses %s", async (_name, open, code) => {
    const viewer = await host.view(open);
    expect(viewer.refused?.code).toBe(code);
    expect(viewer.isHead).toBe(false);
  });

  it.each([
    ["what is no message", (viewer: FakeViewer) => viewer.say({ type: "fly" } as never)],
    ["a message of the other side", (viewer: FakeViewer) => viewer.say({ type: "ended", reason: "x" })],
    ["more shown than sent", (viewer: FakeViewer) => viewer.say({ type: "shown", bytes: 1e9 })],
    ["a broken record", (viewer: FakeViewer) => viewer.raw(Uint8Array.of(9, 0, 0, 0, 0))],
    ["a record without end", (viewer: FakeViewer) => viewer.raw(Uint8Array.of(2, 255, 255, 255, 255))],
  ])("closes a viewer that says %s, and no other", async (_name, misbehave) => {
    const terminal = await create(host);
    const bad = await host.view({ terminal });
    const good = await host.view({ terminal });
    misbehave(bad);
    expect(bad.closed).toBe(true);
    good.say({ type: "take" });
    good.type("echo alive\r");
    await good.sees(/alive\r\n/);
    good.cancel();
    dataOf(await host.run("terminal.kill", { terminal }));
  });

  it("leaves no client behind when the last viewer goes, also one that goes before it came", async () => {
    const terminal = await create(host);
    const clients = () => host.tmux("list-clients", "-F", "#{client_name}").stdout.trim();
    const viewer = await host.view({ terminal });
    expect(clients()).not.toBe("");
    viewer.leave();
    await until(() => clients() === "", "no client");
    const early = host.view({ terminal });
    const impatient = await early;
    impatient.cancel();
    await until(() => clients() === "", "no client");
    dataOf(await host.run("terminal.kill", { terminal }));
  });
});
