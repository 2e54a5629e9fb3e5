// The set-up process of an embedded start: prepares the data directory, enrols this machine's relay, says what there is.
// It runs once and ends; the parent (supervisor.ts) starts and keeps edge and relay.
import { createReadStream, createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { detect, PLACES, usedKinds } from "../relay/detect.ts";
import { announce } from "./announce.ts";
import { dataPaths } from "./data-directory.ts";
import { isAnyAddress, writeEdgeConfig } from "./edge-config.ts";
import { EdgeClient } from "./edge-client.ts";
import { edgeUrl } from "./edge-process.ts";
import { enrolRelay, prepareRelay, waitOnline, waitTold } from "./enrolment.ts";
import { StartFailure } from "./failure.ts";
import { adminKey, keyHash, sealKey } from "./secrets.ts";
import type { EdgeListens, SetupReport, SetupTask } from "./setup-messages.ts";

const reports = createWriteStream("", { fd: 3 });
const report = (message: SetupReport) => reports.write(`${JSON.stringify(message)}\n`);
const warn = (line: string) => process.stderr.write(`farhand: ${line}\n`);

async function edgeListens(): Promise<EdgeListens> {
  for await (const line of createInterface({ input: createReadStream("", { fd: 0 }) })) return JSON.parse(line) as EdgeListens;
  throw new StartFailure("the start was given up", 1);
}

function warnOpenAddress(host: string): void {
  if (host === "127.0.0.1" || host === "localhost" || host === "::1") return;
  warn(
    `warning: the edge listens on ${isAnyAddress(host) ? "every network of this machine" : host} without encryption: whoever can read that traffic sees keys and output. Better keep --host 127.0.0.1 and put Tailscale Serve or a Cloudflare tunnel in front (--public-url).`,
  );
}

async function main({ options, parentPid, worker, command }: SetupTask): Promise<void> {
  const paths = dataPaths(options.data);
  const key = adminKey(paths);
  sealKey(paths);
  writeEdgeConfig(paths, { adminKeyHash: keyHash(key), host: options.host, publicUrl: options.publicUrl }, worker);
  const relay = options.relay ? await prepareRelay(paths, options, warn) : null;
  warnOpenAddress(options.host);
  report({ step: "prepared" });

  const { port } = await edgeListens();
  const edge = new EdgeClient(edgeUrl(options.host, port), key);
  await edge.waitHealthy();
  const enrolled = relay ? await enrolRelay(edge, relay) : null;
  const startedAtMs = Date.now();
  if (enrolled) report({ step: "relay", args: enrolled.args });
  const looked = relay && !options.json ? detect([], PLACES, usedKinds(relay.config)) : null;
  const online = enrolled ? await waitOnline(edge, enrolled.name) : null;
  const host = online && !options.json ? await waitTold(edge, online, startedAtMs) : online;
  const findings = (await looked)?.findings ?? [];
  await announce({ edge, key, host, rules: relay?.config.file ?? null, findings, options, parentPid, command });
  report({ step: "ready" });
}

main(JSON.parse(process.argv[2]!) as SetupTask).then(
  () => process.exit(0),
  (error: unknown) => {
    const failure = error instanceof StartFailure ? error : new StartFailure(String((error as Error).stack), 1);
    reports.write(
      `${JSON.stringify({ step: "failed", message: failure.message, exitCode: failure.exitCode } satisfies SetupReport)}\n`,
      () => process.exit(1),
    );
  },
);
