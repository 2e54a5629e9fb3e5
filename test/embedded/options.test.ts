// The options of a start, the hostnames that its edge answers to, and the guard's view of a process.
import { describe, expect, it } from "vitest";
import { surfaces } from "../../embedded/edge-config.ts";
import { StartFailure } from "../../embedded/failure.ts";
import { defaultDataDirectory, parseStartOptions } from "../../embedded/options.ts";
import { identityOf, isAlive } from "../../embedded/process-identity.ts";

describe("options", () => {
  it("have the defaults of API.md", () => {
    expect(parseStartOptions([])).toEqual({
      json: false,
      port: 8787,
      host: "127.0.0.1",
      data: defaultDataDirectory(),
      config: null,
      relay: true,
      allowExec: false,
      publicUrl: null,
    });
  });

  it("make paths absolute and an address an origin", () => {
    const options = parseStartOptions(
      ["--data", "d", "--config", "r.toml", "--public-url", "https://Box.example/", "--host", "[::1]"],
      "/here",
    );
    expect(options).toMatchObject({ data: "/here/d", config: "/here/r.toml", publicUrl: "https://box.example", host: "::1" });
  });

  it("follow XDG_DATA_HOME only when it is absolute", () => {
    expect(defaultDataDirectory({ XDG_DATA_HOME: "/x" })).toBe("/x/farhand");
    expect(defaultDataDirectory({ XDG_DATA_HOME: "x" })).toMatch(/\.local\/share\/farhand$/);
  });

  it.each([
    ["--port", "8.5"],
    ["--port", ""],
    ["--data", ""],
    ["--public-url", "https://a/path"],
    ["--public-url", "https://u:p@a"],
    ["--host", "a b"],
    ["word"],
  ])("refuse %s %s", (...argv) => {
    expect(() => parseStartOptions(argv.filter((word) => word !== undefined))).toThrow(StartFailure);
  });
});

describe("hostnames", () => {
  const names = (host: string, publicUrl: string | null) => Object.keys(JSON.parse(surfaces({ host, publicUrl })) as object);
  it("are this machine's, the one listened on, and the public one", () => {
    expect(names("127.0.0.1", null)).toEqual(["127.0.0.1", "localhost", "[::1]"]);
    expect(names("192.168.1.5", "https://box.example:8443")).toEqual(["127.0.0.1", "localhost", "[::1]", "192.168.1.5", "box.example"]);
    expect(names("fe80::1", null)).toContain("[fe80::1]");
    expect(names("0.0.0.0", null)).not.toContain("0.0.0.0");
  });
});

describe("a process", () => {
  it("is known by its id and its start together", () => {
    const own = identityOf(process.pid);
    expect(isAlive(own)).toBe(true);
    expect(isAlive({ ...own, start: "1" })).toBe(false);
    expect(isAlive({ ...own, start: null })).toBe(false);
    expect(isAlive(null)).toBe(false);
  });
});
