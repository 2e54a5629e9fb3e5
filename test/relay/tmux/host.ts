// A tmux driver in a state directory of its own, and its tmux server ended at the end, whatever the test did.
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkSpec } from "../../../protocol/operations/define.ts";
import { findOperation } from "../../../protocol/operations/index.ts";
import { parseConfig } from "../../../relay/config.ts";
import type { HandlerResult } from "../../../relay/drivers/contract.ts";
import { createTmuxDriver } from "../../../relay/drivers/tmux/driver.ts";
import type { Serve } from "../../../relay/streams/contract.ts";
import { jobContext } from "../drivers/job-context.ts";
import { FakeViewer } from "./fake-channel.ts";

export interface TmuxHost {
  readonly dir: string;
  readonly serve: Serve<"terminal">;
  readonly run: (operation: string, spec: Record<string, unknown>, signal?: AbortSignal) => Promise<HandlerResult>;
  /** As the relay does when it starts again. */
  readonly restart: () => Promise<void>;
  readonly tmux: (...args: readonly string[]) => { stdout: string; stderr: string; status: number | null };
  readonly stop: () => Promise<void>;
  readonly view: (more?: Parameters<typeof FakeViewer.open>[1]) => Promise<FakeViewer>;
}

export const TOML = `[terminal]
enabled = true
shell = "/bin/sh"
[command]
exec = true
`;

export async function tmuxHost(toml = TOML): Promise<TmuxHost> {
  const dir = await mkdtemp(join(tmpdir(), "farhand-tmux-"));
  const config = { ...parseConfig(toml, join(dir, "relay.toml")), stateDir: dir };
  let driver = createTmuxDriver(config);
  await driver.start(
    () => undefined,
    () => undefined,
  );
  const tmux = (...args: readonly string[]) => {
    const { stdout, stderr, status } = spawnSync("tmux", ["-S", join(dir, "tmux/socket"), ...args], { encoding: "utf8", timeout: 10_000 });
    return { stdout, stderr, status };
  };
  return {
    dir,
    serve: (open, channel) => driver.openTerminal(open, channel),
    run: async (operation, spec, signal) => {
      const checked = checkSpec(findOperation(operation)!, spec, "");
      if (checked.spec === null) throw new Error(JSON.stringify(checked.errors));
      const handlers = driver.handlers as unknown as Record<string, (spec: unknown, context: unknown) => Promise<HandlerResult>>;
      return await handlers[operation]!(checked.spec, jobContext({ operation, spec, ...(signal && { signal }) }));
    },
    restart: async () => {
      await driver.stop();
      driver = createTmuxDriver(config);
      await driver.start(
        () => undefined,
        () => undefined,
      );
    },
    tmux,
    stop: async () => {
      await driver.stop();
      tmux("kill-server");
      await rm(dir, { recursive: true, force: true });
    },
    view: (more) => FakeViewer.open((open, channel) => driver.openTerminal(open, channel), more).ready(),
  };
}

export const dataOf = <T = Record<string, unknown>>(result: HandlerResult): T => {
  if (result.status !== "success") throw new Error(`${result.code}: ${result.message}`);
  return result.data as T;
};

export async function create(host: TmuxHost, spec: Record<string, unknown> = {}): Promise<string> {
  return dataOf<{ terminal: string }>(await host.run("terminal.create", spec)).terminal;
}
