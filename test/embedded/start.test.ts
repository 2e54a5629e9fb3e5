// A start and its end: the ready line, the processes, what survives, and every way in which a start is refused.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Host, Job } from "../../protocol/api/shapes.ts";
import { ask, childrenOf, cleanUp, exists, living, start, stop, temporary, until } from "./starts.ts";

afterEach(cleanUp, 60_000);

const name = (pid: number) => readFileSync(`/proc/${pid}/comm`, "utf8").trim();

describe("a start", () => {
  it("says in its first line all that a program needs, and ends with nothing left", async () => {
    const data = join(temporary(), "data");
    const started = start(data, ["--json"]);
    const ready = await started.ready();
    expect(Object.keys(ready)).toEqual(["event", "url", "api_key", "sign_in_url", "host", "pid"]);
    expect(ready.event).toBe("ready");
    expect(ready.api_key).toMatch(/^fh_[\w-]{43}$/);
    expect(ready.sign_in_url).toContain(`${ready.url}/sign-in#`);
    expect(ready.pid).toBe(started.child.pid);
    expect(await ask<Host>(ready, "GET", `/api/v1/hosts/${ready.host}`)).toMatchObject({ online: true });
    const { edge, relay } = living(data);
    expect([name(edge), name(relay)]).toEqual(["farhand-edge", "farhand-relay"]);
    const all = [...childrenOf(ready.pid), edge, relay];
    expect(await stop(started)).toBe(0);
    expect(started.stdout().trim().split("\n").length).toBe(1);
    await until("no process is left", () => all.every((pid) => !exists(pid)));
  });

  it("keeps its secrets to this user", async () => {
    const data = join(temporary(), "data");
    await start(data, ["--json", "--no-relay"]).ready();
    const mode = (path: string) => (statSync(join(data, path)).mode & 0o777).toString(8);
    expect([mode("."), mode("admin-key"), mode("seal-key"), mode("edge"), mode("relay")]).toEqual(["700", "600", "600", "700", "700"]);
    const seal = readFileSync(join(data, "seal-key"), "utf8").trim();
    const key = readFileSync(join(data, "admin-key"), "utf8").trim();
    const config = readFileSync(join(data, "edge/config.capnp"), "utf8");
    expect(config).not.toContain(seal);
    expect(config).not.toContain(key);
    for (const pid of [...childrenOf(living(data).edge), living(data).edge])
      expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).not.toContain(seal);
  });

  it("finds hosts, keys and jobs again after an end and after a kill", async () => {
    const data = join(temporary(), "data");
    const first = start(data, ["--json"]);
    const ready = await first.ready();
    const job = await ask<Job>(ready, "POST", `/api/v1/hosts/${ready.host}/jobs`, {
      operation: "command.run",
      resource_spec: { name: "hostname" },
    });
    expect(job.status).toBe("succeeded");
    expect(await stop(first)).toBe(0);
    const second = start(data, ["--json"]);
    const again = await second.ready();
    expect(again.api_key).toBe(ready.api_key);
    expect((await ask<Job>(again, "GET", `/api/v1/jobs/${job.id}`)).status).toBe("succeeded");
    second.child.kill("SIGKILL");
    await second.ended;
    const third = await start(data, ["--json"]).ready();
    expect((await ask<Job>(third, "GET", `/api/v1/jobs/${job.id}`)).status).toBe("succeeded");
    expect((await ask<{ items: Host[] }>(third, "GET", "/api/v1/hosts")).items.map((host) => host.name)).toEqual([ready.host]);
  });

  it("without --json shows a banner whose link signs in, and a QR code for a public address", async () => {
    const data = join(temporary(), "data");
    const started = start(data, ["--public-url", "https://box.example.net"]);
    const text = await until("the banner", () => (started.stdout().includes("Ctrl-C") ? started.stdout() : null), 30_000);
    expect(text).toMatch(/sign in +https:\/\/box\.example\.net\/sign-in#/);
    expect(text).toContain("▀");
    expect(text).toMatch(/This machine is the host /);
    const commands = [...text.matchAll(/^ {2}(\S.*?farhand .*?)(?: +#.*)?$/gm)].map(([, command]) => command!);
    expect(commands).toHaveLength(3);
    const env = { ...process.env, XDG_CONFIG_HOME: temporary() };
    for (const command of commands)
      expect(spawnSync("sh", ["-c", command], { env, encoding: "utf8", timeout: 20_000 })).toMatchObject({ status: 0 });
  });

  it("warns in words of an address that others reach, and answers there", async () => {
    const started = start(join(temporary(), "data"), ["--json", "--no-relay", "--host", "0.0.0.0"]);
    const ready = await started.ready();
    expect(started.stderr()).toMatch(/warning: the edge listens on every network of this machine without encryption/);
    expect(ready).toMatchObject({ host: null, url: expect.stringContaining("http://127.0.0.1:") as string });
    expect((await fetch(`${ready.url}/healthz`)).status).toBe(200);
  });

  it.skipIf(process.platform !== "linux")("works in a directory whose path is too long for a socket", async () => {
    const data = join(temporary(), "a-name-of-thirty-two-characters-1".repeat(3), "data");
    const started = start(data, ["--json"]);
    const ready = await started.ready();
    expect(await ask<Host>(ready, "GET", `/api/v1/hosts/${ready.host}`)).toMatchObject({ online: true });
    const { edge } = living(data);
    process.kill(edge, "SIGKILL");
    await until(
      "another edge answers",
      async () => living(data).edge !== edge && (await fetch(`${ready.url}/healthz`).catch(() => null))?.ok,
    );
    expect(await stop(started)).toBe(0);
  });

  it("writes exec = true into a new relay.toml only when told to, and a given relay.toml is used as it is", async () => {
    const data = join(temporary(), "data");
    const ready = await start(data, ["--json", "--allow-exec"]).ready();
    const job = await ask<Job>(ready, "POST", `/api/v1/hosts/${ready.host}/jobs`, {
      operation: "command.exec",
      resource_spec: { argv: ["true"] },
    });
    expect(job.status).toBe("succeeded");
    const other = temporary();
    writeFileSync(join(other, "mine.toml"), 'name = "mine-1"\n');
    const mine = await start(join(other, "data"), ["--json", "--config", join(other, "mine.toml")]).ready();
    expect(mine.host).toBe("mine-1");
    const refused = await ask<Job>(mine, "POST", "/api/v1/hosts/mine-1/jobs", {
      operation: "command.exec",
      resource_spec: { argv: ["true"] },
    });
    expect(refused.result?.code).toBe("EXEC_DISABLED");
  });
});

describe("a start is refused with one line and exit code 2", () => {
  const refusedWith = async (started: ReturnType<typeof start>, message: RegExp) => {
    expect(await started.ended).toBe(2);
    const lines = started
      .stderr()
      .split("\n")
      .filter((line) => line.startsWith("farhand: ") && !line.includes("building"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(message);
    expect(started.stdout()).toBe("");
  };

  it("when one runs on the data directory, also of two at the same moment", async () => {
    const data = join(temporary(), "data");
    const both = [start(data, ["--json", "--no-relay"]), start(data, ["--json", "--no-relay"])];
    const loser = await Promise.race(both.map(async (each) => (await each.ended, each)));
    const winner = both.find((each) => each !== loser)!;
    const ready = await winner.ready();
    expect(loser.stderr()).toContain("already running");
    await refusedWith(start(data), new RegExp(`already running: pid ${ready.pid} at ${ready.url}`));
    expect((await fetch(`${ready.url}/healthz`)).status).toBe(200);
    expect(
      spawnSync("pgrep", ["-P", String(ready.pid), "farhand-edge"], { encoding: "utf8" })
        .stdout.trim()
        .split("\n"),
    ).toHaveLength(1);
  });

  it("when the port is in use", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await refusedWith(
      start(join(temporary(), "data"), ["--port", String(port)]),
      new RegExp(`port ${port} is in use: choose another with --port`),
    );
    await new Promise((resolve) => server.close(resolve));
  });

  it("when relay.toml is broken, with line and column", async () => {
    const directory = temporary();
    const file = join(directory, "relay.toml");
    writeFileSync(file, 'name = "x"\nslotz = 3\n');
    await refusedWith(start(join(directory, "data"), ["--config", file]), /relay\.toml:2:1: slotz is not a known key/);
    expect(living(join(directory, "data"))).toEqual({ edge: 0, relay: 0 });
  });

  it("when the data directory cannot be used, or holds a damaged key", async () => {
    const directory = temporary();
    writeFileSync(join(directory, "file"), "");
    await refusedWith(start(join(directory, "file")), /the data directory .*file cannot be used \(it is not a directory\)/);
    mkdirSync(join(directory, "data"));
    writeFileSync(join(directory, "data/admin-key"), "short\n");
    await refusedWith(start(join(directory, "data")), /admin-key is not as farhand writes it/);
  });

  it.each([
    [["--port", "70000"], /--port 70000 is not a port/],
    [["--prot", "1"], /--prot/],
    [["--public-url", "box"], /--public-url must be an origin/],
    [["--config", "/nonexistent/relay.toml"], /relay\.toml: does not exist/],
    [["--host", "192.0.2.1"], /192\.0\.2\.1 is not an address of this machine/],
  ])("for %j", async (options, message) => {
    await refusedWith(start(join(temporary(), "data"), options), message);
  });
});
