// Detection against real servers on sockets of the test's own.
import { createServer as createHttpServer, type Server } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { factsSchema, labelSchema } from "../../protocol/link/control.ts";
import { parseConfig } from "../../relay/config.ts";
import { detect, PLACES, usedKinds, type Places } from "../../relay/detect.ts";

let folder: string;
const servers: (Server | ReturnType<typeof createServer>)[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farhand-detect-"));
});
afterAll(async () => {
  for (const server of servers) {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  }
  await rm(folder, { recursive: true, force: true });
});

/** Answers 200 with this to everything; null: never. */
async function httpAt(answer: string | null): Promise<string> {
  const server = createHttpServer((_, response) => {
    if (answer !== null) response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end(answer);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function socketAt(name: string): Promise<string> {
  const path = join(folder, name);
  const server = createServer((socket) => socket.end());
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

const nowhere = (): Places => ({
  models: [],
  dockerSockets: [join(folder, "none.sock")],
  containerdSockets: [],
  libvirtSockets: [],
  hypervModules: [],
  tailscaledSockets: [],
  path: folder,
});

const found = (findings: readonly { name: string; found: boolean }[]) => findings.filter((one) => one.found).map(({ name }) => name);

describe("detect", () => {
  it("gives facts and labels that the hello takes, on this machine as it is", async () => {
    const { facts, labels, findings } = await detect(["builder"], PLACES);
    expect(factsSchema.safeParse(facts).error).toBeUndefined();
    expect(labels).toEqual(expect.arrayContaining(["builder", "self-hosted", process.platform, process.arch]));
    for (const label of labels) expect(labelSchema.safeParse(label).success, label).toBe(true);
    expect(findings.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["Ollama", "LM Studio", "Docker", "containerd", "libvirt", "Hyper-V", "tmux", "Tailscale"]),
    );
  });

  it("finds what is there and says how it is used", async () => {
    const docker = await socketAt("docker.sock");
    const places = {
      ...nowhere(),
      models: [
        { kind: "ollama", address: { url: await httpAt('{"version":"0.24.0"}') } },
        { kind: "lmstudio", address: { url: await httpAt('{"error":"Unexpected endpoint. Returning 200 anyway"}') } },
      ] as const,
      dockerSockets: [docker],
      path: "/usr/bin:/bin",
    };
    const { labels, findings } = await detect(["Docker", "docker", "LINUX"], places);
    expect(found(findings)).toEqual(expect.arrayContaining(["Ollama", "Docker"]));
    expect(found(findings)).not.toContain("LM Studio");
    expect(findings.find(({ name }) => name === "Docker")?.detail).toBe(`found; this version of Farhand does not use it yet (${docker})`);
    const [server] = places.models;
    expect(findings.find(({ name }) => name === "Ollama")?.detail).toBe(
      `found (${new URL(server.address.url).host}); to use it add these lines to relay.toml: [services.ollama]; kind = "ollama"; url = "${server.address.url}"`,
    );
    const config = parseConfig('[services.o]\nkind = "ollama"\nurl = "http://127.0.0.1:11434"', "/relay.toml");
    const used = (await detect([], places, usedKinds(config))).findings;
    expect(used.find(({ name }) => name === "Ollama")?.detail).toMatch(/^found and used/);
    expect(labels.map((label) => label.toLowerCase()).sort()).toEqual(["docker", "linux", "self-hosted", process.arch].sort());
    expect(labels).toContain("Docker");
  });

  it("says whether relay.toml uses the libvirt that is there", async () => {
    const where = await socketAt("libvirt-sock");
    const places = { ...nowhere(), libvirtSockets: [where] };
    const said = async (text: string) =>
      (await detect([], places, usedKinds(parseConfig(text, "/relay.toml")))).findings.find(({ name }) => name === "libvirt")?.detail;
    expect(await said("")).toBe(`found (${where}); to use it add a [libvirt] table to relay.toml: docs/kvm.md`);
    expect(await said("[libvirt]")).toBe(`found and used (${where})`);
  });

  it("finds nothing where nothing is, and does not wait for one that never answers", async () => {
    const { labels, findings } = await detect([], {
      ...nowhere(),
      models: [{ kind: "lmstudio", address: { url: await httpAt(null) } }],
    });
    expect(found(findings)).toEqual([]);
    expect(labels).not.toContain("docker");
  }, 5_000);

  it("finds Hyper-V by its module, and says how it is used; elsewhere than on Windows it is not looked for", async () => {
    const said = async (places: Places, used: readonly string[]) =>
      (await detect([], places, used)).findings.find(({ name }) => name === "Hyper-V");
    expect(await said(nowhere(), [])).toEqual({ name: "Hyper-V", found: false, detail: "not found" });
    const there = { ...nowhere(), hypervModules: [folder] };
    expect(await said(there, [])).toMatchObject({ found: true, detail: expect.stringContaining("docs/hyperv.md") as string });
    expect(await said(there, usedKinds(parseConfig("[hyperv]\n", "/etc/relay.toml")))).toMatchObject({ detail: "found and used" });
    expect(PLACES.hypervModules.length > 0).toBe(process.platform === "win32");
  });
});
