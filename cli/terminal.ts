// `farhand terminal`: an interactive terminal on a host, in this one. A lost connection comes back by a new ticket.
import type * as z from "zod";
import type { terminalTicketCreateSchema } from "../protocol/api/shapes.ts";
import type { JobResult } from "../protocol/envelope.ts";
import { terminalMessageSchema, type TerminalMessage } from "../protocol/link/lane.ts";
import type { terminalList } from "../protocol/operations/terminal.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Client } from "./client.ts";
import { CliFailure, EXIT, exitFor, usage } from "./failure.ts";
import { ago, note, plain, print, printJson, table } from "./output.ts";
import { segment, withEdge } from "./session.ts";
import { openTicketed, type LiveSocket } from "./terminal-socket.ts";
import { Tty } from "./tty.ts";
import type { Input } from "./verb.ts";

type Terminals = z.infer<typeof terminalList.data>["terminals"];

/** Acknowledged each time this much was shown: well within the relay's window. */
const SHOWN_EVERY_BYTES = 32 * 1024;
/** How long an edge or a host may be away. */
const AWAY_MS = 5 * 60_000;
const RETRY_MAX_MS = 5_000;

async function terminalsOf(client: Client, host: string): Promise<Terminals> {
  const body = { operation: "terminal.list", resource_spec: {} };
  const { body: result } = await client.ask<JobResult>("POST", `/api/v1/hosts/${segment(host)}/calls`, { body, timeoutMs: 40_000 });
  if (result.status !== "success") throw new CliFailure(exitFor(result.code ?? ""), result.message);
  return (result.data as { terminals: Terminals }).terminals;
}

async function list(client: Client, host: string, json: boolean): Promise<void> {
  const terminals = await terminalsOf(client, host);
  if (json) return printJson({ items: terminals });
  if (terminals.length === 0) return print(`There is no terminal on ${host}: \`farhand terminal ${host}\` makes one.`);
  const rows = terminals.map((one) => [
    one.terminal,
    `${one.columns}x${one.rows}`,
    String(one.viewers),
    ago(one.created_at),
    one.created_by,
    one.title || one.command,
  ]);
  print(table(["TERMINAL", "SIZE", "VIEWERS", "MADE", "BY", "TITLE"], rows));
}

class Session {
  readonly #client: Client;
  readonly #host: string;
  readonly #mode: "write" | "read";
  readonly #over = Promise.withResolvers<string>();
  readonly #tty: Tty;
  #terminal: string | undefined;
  #wantsToTake: boolean;
  #socket: LiveSocket<TerminalMessage> | null = null;
  #acknowledged = 0;
  #hasEnded = false;
  #wake = () => undefined as void;

  constructor(client: Client, host: string, input: { terminal: string | undefined; mode: "write" | "read"; take: boolean }) {
    this.#client = client;
    this.#host = host;
    this.#terminal = input.terminal;
    this.#mode = input.mode;
    this.#wantsToTake = input.take;
    this.#tty = new Tty({
      typed: (bytes) => this.#typed(bytes),
      detach: () =>
        this.#end(`Left it: it goes on. \`farhand terminal ${this.#host} --attach ${plain(this.#terminal ?? "ID")}\` comes back.`),
      resized: () => this.#socket?.send({ type: "resize", ...this.#tty.size }),
    });
  }

  /** What to say at the end. The tty is as it was, whatever happens. */
  async run(): Promise<string> {
    try {
      await this.#connect();
      return await this.#over.promise;
    } finally {
      this.#hasEnded = true;
      this.#socket?.close();
      this.#tty.close();
    }
  }

  #end(words: string): void {
    this.#hasEnded = true;
    this.#over.resolve(words);
    this.#wake();
  }

  #typed(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += LIMITS.socketMessageBytes / 2)
      this.#socket?.send(bytes.subarray(at, at + LIMITS.socketMessageBytes / 2));
  }

  async #connect(): Promise<void> {
    const wanted: z.input<typeof terminalTicketCreateSchema> = {
      mode: this.#mode,
      ...this.#tty.size,
      ...(this.#terminal === undefined ? {} : { terminal: this.#terminal }),
    };
    this.#acknowledged = 0;
    this.#tty.restart();
    const early: (() => void)[] = [];
    let socket: LiveSocket<TerminalMessage> | null = null;
    const whenOpen = (act: () => void) => (socket ? act() : void early.push(act));
    const path = `/api/v1/hosts/${segment(this.#host)}/terminals`;
    socket = await openTicketed(
      this.#client,
      { path, wanted, messages: terminalMessageSchema },
      {
        message: (message) => whenOpen(() => this.#message(message)),
        bytes: (bytes) => whenOpen(() => this.#tty.write(bytes, (all) => this.#shown(all))),
        closed: () => whenOpen(() => void this.#lost()),
      },
    );
    this.#socket = socket;
    for (const act of early.splice(0)) act();
  }

  #message(message: TerminalMessage): void {
    if (message.type === "ended") return this.#end(plain(message.reason));
    if (message.type !== "state") return;
    this.#terminal ??= message.terminal;
    if (this.#wantsToTake && !message.writer) this.#socket?.send({ type: "take" });
    this.#wantsToTake = false;
    const role = message.writer ? "" : this.#mode === "read" ? ", read only" : ", another one writes (--take takes over)";
    this.#tty.title(`${plain(message.title || message.terminal)} on ${this.#host}${role} (Ctrl-] leaves)`);
  }

  #shown(all: number): void {
    if (all - this.#acknowledged < SHOWN_EVERY_BYTES) return;
    this.#acknowledged = all;
    this.#socket?.send({ type: "shown", bytes: all });
  }

  /** Again and again, until it is back, or refused, or away for too long. */
  async #lost(): Promise<void> {
    this.#socket = null;
    const until = Date.now() + AWAY_MS;
    for (let wait = 100; !this.#hasEnded; wait = Math.min(RETRY_MAX_MS, wait * 2)) {
      this.#tty.title(`${this.#host}: connecting again (Ctrl-] leaves)`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait * (0.5 + Math.random() / 2));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (this.#hasEnded) return;
      try {
        return await this.#connect();
      } catch (error) {
        const mayPass = error instanceof CliFailure && (error.exitCode === EXIT.unreachable || error.isRetryable);
        if (!mayPass || Date.now() > until) return this.#over.reject(error);
      }
    }
  }
}

export async function run(input: Input): Promise<void> {
  input.atMost(1);
  const host = input.need(0, "The host");
  const [attach, isRead] = [input.text("attach"), input.flag("read")];
  if (attach !== undefined && input.flag("new")) throw usage("--new and --attach exclude each other.");
  await withEdge(async (client) => {
    if (input.flag("list")) return await list(client, host, input.json);
    if (!isRead && !process.stdin.isTTY)
      throw usage(`Standard input is not a terminal: type with \`farhand run ${host} terminal.send terminal=ID text=…\`.`);
    let terminal = attach;
    if (isRead && terminal === undefined) {
      terminal = (await terminalsOf(client, host)).at(-1)?.terminal;
      if (terminal === undefined) throw new CliFailure(EXIT.failed, `There is no terminal on ${host} to look at.`);
    }
    note(`${plain(terminal ?? "A new terminal")} on ${host}. Ctrl-] leaves it; what runs there goes on.`);
    const session = new Session(client, host, { terminal, mode: isRead ? "read" : "write", take: input.flag("take") });
    note(await session.run());
  });
}
