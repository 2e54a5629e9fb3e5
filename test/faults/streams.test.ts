// Streams through the real edge and relay while links, processes and clients fail: a pause or an error that says so, never a
// byte more or less; and the upstream hears when nobody reads.
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../protocol/limits.ts";
import { dataOf, ended, exec, textOf, follow, until } from "../e2e/api.ts";
import { rssBytes } from "../bench/measure.ts";
import { pidOf, type Product } from "../product.ts";
import { addHost, startEdge, type Rig } from "./rig.ts";
import { lines, startStreamUpstream, streamsToml, type StreamUpstream } from "./stream-upstream.ts";

const MiB = 1024 * 1024;
let edge: Product;
let rig: Rig;
let upstream: StreamUpstream;

beforeAll(async () => {
  upstream = await startStreamUpstream();
  edge = await startEdge();
  rig = await addHost(edge, "streams", streamsToml(upstream));
  await until("the service answers", async () => (await send("POST", "/echo", "ready").text) === "ready");
});

afterAll(async () => {
  await rig?.stop();
  await edge?.stop();
  await upstream?.close();
});

interface Sent {
  readonly request: ClientRequest;
  readonly response: Promise<IncomingMessage>;
  /** Reads, from the first look on. Rejects when the answer breaks off. */
  readonly text: Promise<string>;
}

/** A request on a connection of its own. `body` "open": the caller writes it. */
function send(method: string, path: string, body: string | null = null): Sent {
  const { hostname, port } = new URL(edge.ready.url);
  const request = http.request({
    hostname,
    port,
    method,
    path: `/hosts/streams/services/up${path}`,
    agent: false,
    headers: {
      authorization: `Bearer ${edge.ready.api_key}`,
      ...(body && body !== "open" ? { "content-length": Buffer.byteLength(body) } : {}),
    },
  });
  const response = new Promise<IncomingMessage>((resolve, reject) => request.on("response", resolve).on("error", reject));
  // Also where nobody reads any more.
  response.then((answer) => answer.on("error", () => {})).catch(() => {});
  const read = async (): Promise<string> => {
    const answer = await response;
    let got = "";
    for await (const piece of answer.setEncoding("utf8")) got += piece as string;
    if (!answer.complete) throw new Error(`broke off after ${got.length}`);
    return got;
  };
  let reading: Promise<string> | null = null;
  if (body !== "open") request.end(body);
  return {
    request,
    response,
    get text() {
      return (reading ??= read());
    },
  };
}

/** The first bytes of an answer are here. */
async function begun({ response }: Sent): Promise<IncomingMessage> {
  const answer = await response;
  await new Promise<void>((resolve, reject) => {
    answer.once("readable", resolve).once("error", reject);
  });
  return answer;
}

describe("a stream", () => {
  it("outlives a cut of 5 s without a byte lost, doubled or moved, and so does an upload", async () => {
    const sent = send("GET", "/paced?n=300&ms=25");
    const streamed = sent.text;
    const upload = send("POST", "/echo", "open");
    const piece = "0123456789abcdef".repeat(64);
    for (let i = 0; i < 50; i++) upload.request.write(piece);
    await until("both are under way", () => upstream.open("/paced") === 1 && upstream.open("/echo") === 1);
    rig.proxy.down(true);
    upload.request.write(piece.repeat(50));
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    rig.proxy.down(false);
    upload.request.end(piece);
    expect(await streamed).toBe(lines(300));
    expect(await upload.text).toBe(piece.repeat(101));
  });

  it("is broken for its client, never short, when the edge is killed; the next one works", async () => {
    const sent = send("GET", "/paced?n=10000&ms=5");
    await begun(sent);
    process.kill(pidOf(edge, "edge"), "SIGKILL");
    await expect(sent.text).rejects.toThrow();
    await until("the upstream hears of it", () => upstream.open("/paced") === 0, LIMITS.detachMs + 15_000);
    await until("the next one works", async () => (await send("POST", "/echo", "again").text.catch(() => "")) === "again", 40_000);
  });

  it("that nobody reads is ended by the relay after 30 s without a link, and its client is told", async () => {
    const sent = send("GET", "/paced?n=100000&ms=20");
    await begun(sent);
    rig.proxy.down(true);
    try {
      await until("the upstream hears of it", () => upstream.open("/paced") === 0, LIMITS.detachMs + 10_000);
      await expect(sent.text).rejects.toThrow();
      expect((await send("POST", "/echo", "x").response).statusCode).toBe(503);
    } finally {
      rig.proxy.down(false);
    }
    await until("the next one works", async () => (await send("POST", "/echo", "again").text.catch(() => "")) === "again", 40_000);
  });

  it("beside a job with heavy output: both are whole", async () => {
    const sent = send("GET", "/paced?n=200&ms=10");
    await sent.response;
    const job = await exec(rig.product, ["sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo line $i of heavy output; i=$((i+1)); done"]);
    const [text, done] = await Promise.all([sent.text, ended(rig.product, job.id)]);
    expect(text).toBe(lines(200));
    expect(done.status).toBe("succeeded");
    expect(dataOf(done).exit_code).toBe(0);
    expect(textOf(await follow(rig.product, job.id))).toContain("line 19999 of heavy output");
  });
});

describe("a client that goes", () => {
  const END: Record<string, (sent: Sent) => void> = {
    FIN: ({ request }) => request.socket!.end(),
    RST: ({ request }) => request.socket!.resetAndDestroy(),
  };
  const cases = ["streaming", "non-stream", "prefill", "upload"].flatMap((phase) => Object.keys(END).map((how) => [phase, how] as const));

  const BEGIN: Record<string, () => Promise<{ sent: Sent; path: string }>> = {
    streaming: async () => {
      const sent = send("GET", "/paced?n=100000&ms=5");
      await begun(sent);
      return { sent, path: "/paced" };
    },
    "non-stream": async () => ({ sent: send("GET", "/silent"), path: "/silent" }),
    prefill: async () => ({ sent: send("POST", "/silent", '{"stream":true}'), path: "/silent" }),
    upload: async () => {
      const sent = send("POST", "/sink", "open");
      const before = upstream.sunk();
      sent.request.write("x".repeat(100_000));
      await until("the body arrives", () => upstream.sunk() >= before + 100_000);
      return { sent, path: "/sink" };
    },
  };

  it.each(cases)("while %s, by %s, closes the upstream's request", async (phase, how) => {
    const { sent, path } = await BEGIN[phase]!();
    await until("the upstream has it", () => upstream.open(path) === 1);
    END[how]!(sent);
    await until("the upstream's request is closed", () => upstream.open(path) === 0, 5_000);
  });
});

/** Reads that much of a flood, and goes. */
async function readSome(bytes: number): Promise<void> {
  const sent = send("GET", "/flood");
  let got = 0;
  for await (const piece of await sent.response) {
    got += (piece as Buffer).length;
    if (got >= bytes) break;
  }
  sent.request.destroy();
}

describe("64 readers that stall", () => {
  it("hold edge and relay to 64 MiB more, whatever the upstream could send", async () => {
    const relayPid = rig.relay.pid!;
    const used = () => rssBytes(pidOf(edge, "edge")) + rssBytes(relayPid);
    /** How much more both processes take once as many streams stall. */
    const growth = async (): Promise<number> => {
      // The same streams with readers that read come first: what both processes take for work at full speed is not what stalling costs.
      await Promise.all(Array.from({ length: 64 }, () => readSome(4 * MiB)));
      await until("all are closed", () => upstream.open("/flood") === 0);
      const before = used();
      const stalled = Array.from({ length: 64 }, () => send("GET", "/flood"));
      try {
        for (const one of stalled) (await one.response).pause();
        await until("all flow", () => upstream.open("/flood") === 64);
        // What may gather does so at full speed: until nothing grows any more.
        let last = 0;
        await until("nothing grows", async () => {
          const now = used();
          const isStill = Math.abs(now - last) < MiB;
          last = now;
          await new Promise((resolve) => setTimeout(resolve, 1_000));
          return isStill;
        });
        expect(await send("POST", "/echo", "free").text).toBe("free");
        return used() - before;
      } finally {
        for (const one of stalled) one.request.destroy();
        await until("all are closed", () => upstream.open("/flood") === 0);
      }
    };
    // Garbage comes on top, more at one time than at another: what is held is in each of the rounds.
    const rounds: number[] = [];
    while (rounds.length < 4 && !rounds.some((bytes) => bytes < 64 * MiB)) rounds.push(await growth());
    expect(Math.min(...rounds)).toBeLessThan(64 * MiB);
  });
});

describe("two lanes", () => {
  it("by setting carry streams side by side", async () => {
    const second = await addHost(edge, "lanes", streamsToml(upstream), "lanes = 2");
    try {
      await until("both lanes are up", () => ["lane 1 is up", "lane 2 is up"].every((text) => second.logs.join("").includes(text)));
      const before = new Map(second.proxy.binary);
      const ask = () => json8(edge);
      await until("the service answers", async () => (await ask()).every((text) => text === lines(20)));
      for (const lane of [1, 2]) {
        const key = [...second.proxy.binary.keys()].find((path) => path.endsWith(`lane=${lane}`))!;
        expect(second.proxy.binary.get(key)! - (before.get(key) ?? 0), `messages on lane ${lane}`).toBeGreaterThan(0);
      }
    } finally {
      await second.stop();
    }
  });
});

/** Eight streams of the other host at once. */
async function json8({ ready }: Product): Promise<string[]> {
  const one = async () => {
    const answer = await fetch(`${ready.url}/hosts/lanes/services/up/paced?n=20&ms=10`, {
      headers: { authorization: `Bearer ${ready.api_key}` },
      signal: AbortSignal.timeout(10_000),
    });
    return await answer.text();
  };
  return await Promise.all(Array.from({ length: 8 }, one));
}
