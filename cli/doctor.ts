// `farhand doctor`: what Farhand needs on this machine, a line for each, failures with their remedy.
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type * as z from "zod";
import type { meSchema } from "../protocol/api/shapes.ts";
import { OPERATIONS, shortNames } from "../protocol/operations/index.ts";
import { dataPaths } from "../embedded/data-directory.ts";
import { readLock } from "../embedded/lock.ts";
import { defaultDataDirectory } from "../embedded/options.ts";
import { isAlive } from "../embedded/process-identity.ts";
import { allows, type RelayConfig } from "../relay/config.ts";
import { agentFile } from "../relay/drivers/hyperv/bundle.ts";
import { lookAtHyperv } from "../relay/hyperv-look.ts";
import { findHypervModule, HYPERV_UNUSED } from "../relay/hyperv-place.ts";
import { lookAtServices } from "../relay/services-look.ts";
import { readState, StateError } from "../relay/state.ts";
import { lookAtVirtualMachines } from "../relay/vm-look.ts";
import { Client, type Target } from "./client.ts";
import { CliFailure, EXIT } from "./failure.ts";
import { duration, plain, print, printJson } from "./output.ts";
import { findTarget } from "./profile.ts";
import { accessHeaders, builtFolder, ownFiles, readRelayConfig, stateDirectory } from "./relay-files.ts";
import type { Input } from "./verb.ts";

interface Check {
  readonly name: string;
  /** null: there is nothing to check here. */
  readonly ok: boolean | null;
  readonly detail: string;
  readonly remedy?: string;
}

/** Durations travel as remaining milliseconds, so clocks may differ; a person who reads times should know. */
const CLOCK_MS = 10_000;
const CHECK_MS = 10_000;
const RELAY_STATE = "relay state";

const failed = (name: string, error: unknown): Check => {
  const [detail = "", ...remedy] = (error as Error).message.split("\n");
  return { name, ok: false, detail, ...(remedy.length > 0 ? { remedy: remedy.join(" ") } : {}) };
};

const node = (): Check => ({ name: "node", ok: true, detail: `${process.version} (${process.execPath}); 22.13 or newer is needed` });

function clock(date: string | undefined): Check {
  const name = "clock";
  if (date === undefined) return { name, ok: null, detail: "the edge does not tell its time: an embedded edge has this machine's" };
  const apart = Date.now() - Date.parse(date);
  if (Math.abs(apart) < CLOCK_MS) return { name, ok: true, detail: "agrees with the edge's" };
  return {
    name,
    ok: false,
    detail: `${duration(Math.abs(apart))} ${apart > 0 ? "ahead of" : "behind"} the edge's`,
    remedy: "Synchronise it (timedatectl set-ntp true; on Windows w32tm /resync); jobs are not affected, shown times are.",
  };
}

async function edge(target: Target): Promise<Check[]> {
  const client = new Client(target);
  try {
    const { headers } = await client.ask("GET", "/healthz", { timeoutMs: CHECK_MS });
    const credential = await client.ask<z.infer<typeof meSchema>>("GET", "/api/v1/me", { timeoutMs: CHECK_MS }).then(
      ({ body }): Check => ({ name: "credential", ok: true, detail: `you are ${body.principal}` }),
      (error: unknown) => failed("credential", error),
    );
    return [{ name: "edge", ok: true, detail: `${target.url} answers` }, credential, clock(headers.date)];
  } catch (error) {
    return [failed("edge", error)];
  } finally {
    client.close();
  }
}

/** A host that only runs a relay needs no key of its own. */
async function edgeChecks(isRelayHost: boolean): Promise<Check[]> {
  let target: Target;
  try {
    target = findTarget();
  } catch (error) {
    return [{ ...failed("edge", error), ...(isRelayHost ? { ok: null } : {}) }];
  }
  return await edge(target);
}

/** Does the edge that the relay dials answer it? */
async function relayEdge(url: string, config: RelayConfig | null): Promise<Check> {
  const name = "relay's edge";
  const client = new Client({ url, key: null });
  try {
    await client.ask("GET", "/healthz", { headers: accessHeaders(config), timeoutMs: CHECK_MS });
    return { name, ok: true, detail: `${url} answers` };
  } catch (error) {
    return failed(name, error);
  } finally {
    client.close();
  }
}

function dataDirectory(root: string): Check {
  const name = "data directory";
  if (!existsSync(root)) return { name, ok: null, detail: `${root} does not exist: no edge was started on this machine` };
  try {
    const mode = statSync(root).mode & 0o777;
    if ((mode & 0o077) !== 0)
      return { name, ok: false, detail: `${root} may be read by others (mode ${mode.toString(8)})`, remedy: `chmod 700 ${root}` };
    const lock = readLock(dataPaths(root).lock);
    return {
      name,
      ok: true,
      detail: `${root}, ${lock && isAlive(lock.parent) ? `in use by pid ${lock.parent.pid} at ${lock.url ?? "(starting)"}` : "no start is running on it"}`,
    };
  } catch (error) {
    return { ...failed(name, error), remedy: "Correct its owner and rights." };
  }
}

async function relayState(stateDir: string, config: RelayConfig | null): Promise<Check[]> {
  const name = RELAY_STATE;
  try {
    const state = await readState(stateDir);
    if (!state) return [{ name, ok: null, detail: `${stateDir}: no relay is enrolled there` }];
    const enrolled = { name, ok: true, detail: `enrolled as ${state.host} at ${state.edgeUrl} (${stateDir})` };
    return [enrolled, await relayEdge(state.edgeUrl, config)];
  } catch (error) {
    if (error instanceof StateError) return [failed(name, error)];
    throw error;
  }
}

function allowedOperations(config: RelayConfig): Check {
  const [allowed, refused] = [true, false].map((wanted) =>
    shortNames(Object.keys(OPERATIONS).filter((name) => allows(config, name).allowed === wanted)).join(", "),
  );
  const commands = Object.keys(config.commands);
  return {
    name: "relay.toml",
    ok: true,
    detail: `${config.file} allows ${allowed || "nothing"}; refuses ${refused || "nothing"}; declares ${commands.join(", ") || "no command"}`,
  };
}

async function serviceChecks(config: RelayConfig): Promise<Check[]> {
  const { services, unused } = await lookAtServices(config);
  return [
    ...services.map(({ name, healthy, detail }) => ({ name: `service ${name}`, ok: healthy, detail })),
    ...unused.map(({ name, detail }) => ({ name, ok: null, detail })),
  ];
}

async function vmChecks({ libvirt, hyperv }: RelayConfig): Promise<Check[]> {
  if (libvirt) return await lookAtVirtualMachines(libvirt);
  if (hyperv) return await lookAtHyperv(hyperv, agentFile(undefined, builtFolder()));
  return (await findHypervModule()) === null ? [] : [{ name: "Hyper-V", ok: null, detail: HYPERV_UNUSED }];
}

/** The file that is named or lies here, else that of the edge on this machine. */
async function relayChecks(input: Input, data: string): Promise<Check[]> {
  const paths = dataPaths(data);
  const { file, isEmbedded } = ownFiles(input, paths);
  let config: RelayConfig | null = null;
  const checks: Check[] = [];
  try {
    config = await readRelayConfig(file);
    if (config) checks.push(allowedOperations(config), ...(await serviceChecks(config)), ...(await vmChecks(config)));
    else if (input.text("config") === undefined)
      checks.push({ name: "relay.toml", ok: null, detail: "there is none here, nor a data directory with one" });
    else checks.push({ name: "relay.toml", ok: false, detail: `${file} does not exist`, remedy: "Name another with --config FILE." });
  } catch (error) {
    checks.push(failed("relay.toml", error));
  }
  const isNamed = input.text("state") !== undefined || (config?.stateDir ?? null) !== null;
  checks.push(...(await relayState(isEmbedded && !isNamed ? paths.relayState : stateDirectory(input, config), config)));
  return checks;
}

export async function run(input: Input): Promise<void> {
  input.atMost(0);
  const data = resolve(input.text("data") ?? defaultDataDirectory());
  const relays = await relayChecks(input, data);
  const edges = await edgeChecks(relays.some(({ name, ok }) => name === RELAY_STATE && ok === true));
  const checks = [node(), ...edges, dataDirectory(data), ...relays];
  const isWell = checks.every(({ ok }) => ok !== false);
  if (input.json) printJson({ ok: isWell, checks });
  else
    for (const { name, ok, detail, remedy } of checks) {
      print(plain(`${ok === null ? "–   " : ok ? "ok  " : "fail"}  ${name.padEnd(16)}  ${detail}`));
      if (remedy) print(`                        ${plain(remedy)}`);
    }
  if (!isWell) throw new CliFailure(EXIT.failed, `${checks.filter(({ ok }) => ok === false).length} of ${checks.length} checks failed.`);
}
