// Enrolment over a real HTTP server, the state file, and the lock of the state directory.
import { createPublicKey } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { enrollClaimSchema } from "../../protocol/api/shapes.ts";
import { enroll, lockState, readState } from "../../relay/state.ts";

let dir: string;
let server: Server;
let url: string;
let answer: (body: unknown, response: ServerResponse, request: IncomingMessage) => void;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "farhand-state-"));
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (bytes: Buffer) => (text += bytes.toString()));
    request.on("end", () => answer(JSON.parse(text), response, request));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(dir, { recursive: true, force: true });
});

const enrolled = JSON.stringify({ host: "vm100", host_id: "01JZZZZZZZ0000000000000000", host_number: 9 });

describe("enrolment", () => {
  it("makes the key here and asks again with the same one when an answer is lost", async () => {
    const keys: string[] = [];
    answer = (body, response) => {
      const claim = enrollClaimSchema.parse(body);
      keys.push(claim.public_key);
      if (keys.length === 1) response.destroy();
      else if (keys.length === 2) response.writeHead(503).end();
      else response.writeHead(201).end(enrolled);
    };
    await enroll(url, "code", dir, { retryMs: 1 });
    const state = (await readState(dir))!;
    expect(new Set(keys).size).toBe(1);
    expect([state.host, state.hostNumber, state.edgeUrl]).toEqual(["vm100", 9, url]);
    expect(createPublicKey(state.privateKey).export({ type: "spki", format: "der" }).toString("base64")).toBe(keys[0]);
    expect((await stat(join(dir, "relay.json"))).mode & 0o777).toBe(0o600);
  });

  it("that is refused says why, once, and writes nothing", async () => {
    let asked = 0;
    answer = (_body, response) => {
      asked += 1;
      response.writeHead(403).end(JSON.stringify({ title: "ENROLLMENT_CODE_INVALID", detail: "The enrolment code is used." }));
    };
    await expect(enroll(url, "code", dir, { retryMs: 1 })).rejects.toThrow("The enrolment code is used.");
    expect(asked).toBe(1);
    expect(await readState(dir)).toBeNull();
  });

  it("reads no more of an answer than an answer may have", async () => {
    let sent = 0;
    answer = (_body, response) => {
      response.writeHead(201);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(256 * 1024, 32))) sent += 256 * 1024;
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    };
    await expect(enroll(url, "code", dir, { retryMs: 1 })).rejects.toThrow();
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it("behind Cloudflare Access sends its headers, and a redirect is told in words", async () => {
    answer = (_body, response, request) => {
      const passes = request.headers["cf-access-client-id"] === "id";
      if (passes) response.writeHead(201).end(enrolled);
      else response.writeHead(302, { location: "https://team.cloudflareaccess.com" }).end();
    };
    await expect(enroll(url, "code", dir)).rejects.toThrow("Cloudflare Access");
    await enroll(url, "code", dir, { accessHeaders: { "cf-access-client-id": "id" } });
    expect((await readState(dir))?.host).toBe("vm100");
  });
});

describe("the state", () => {
  it("gets a directory of its own, and leaves one that others use as it is", async () => {
    const mode = async (path: string) => (await stat(path)).mode & 0o777;
    const shared = join(dir, "shared");
    await mkdir(join(shared, "others"), { recursive: true });
    await chmod(shared, 0o755);
    await (
      await lockState(shared)
    )();
    expect(await mode(shared)).toBe(0o755);
    for (const own of [join(shared, "others"), join(shared, "made")]) {
      await (
        await lockState(own)
      )();
      expect(await mode(own)).toBe(0o700);
    }
  });

  it("that is damaged is refused with the remedy and without its content", async () => {
    await writeFile(join(dir, "relay.json"), '{"private_key": "SECRET"}');
    const error = await readState(dir).catch((thrown: unknown) => thrown as Error);
    expect((error as Error).message).toContain("farhand enroll");
    expect(String((error as Error).stack) + String((error as Error).cause)).not.toContain("SECRET");
  });

  it("is locked by one process; a dead one's lock is taken over", async () => {
    const unlock = await lockState(dir);
    await expect(lockState(dir)).rejects.toThrow("Another relay");
    await unlock();
    await writeFile(join(dir, "relay.lock"), JSON.stringify({ pid: 2 ** 22 + 1, start: 1 }));
    const again = await lockState(dir);
    expect(JSON.parse(await readFile(join(dir, "relay.lock"), "utf8"))).toMatchObject({ pid: process.pid });
    await again();
    // A pid that lives, but is another process than the one that locked.
    await writeFile(join(dir, "relay.lock"), JSON.stringify({ pid: process.ppid, start: 1 }));
    await (
      await lockState(dir)
    )();
  });
});
