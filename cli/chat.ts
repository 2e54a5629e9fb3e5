// `farhand chat`: a conversation with a model on a host, kept in memory; or one question from arguments or standard input.
import { createInterface, type Interface } from "node:readline";
import type { Client } from "./client.ts";
import { complete, type Completion, type Message } from "./completion.ts";
import { CliFailure, EXIT, usage } from "./failure.ts";
import { listModels, preferred } from "./model-list.ts";
import { note, plain, print, printJson, table } from "./output.ts";
import { withEdge } from "./session.ts";
import type { Input } from "./verb.ts";

const PROMPT = "› ";
const HELP = "/models  list them   /model NAME  change it   /clear  forget the conversation   /exit  leave   Ctrl-C  stop an answer";
/** A question from standard input. */
const INPUT_CHARS = 4 * 1024 * 1024;

async function modelFor(client: Client, input: Input): Promise<string> {
  const [named, host] = [input.text("model"), input.text("host")];
  if (named !== undefined) return host === undefined || named.includes("@") ? named : `${named}@${host}`;
  const models = (await listModels(client)).filter(({ farhand }) => host === undefined || farhand?.hosts.includes(host));
  const found = preferred(models);
  if (!found)
    throw new CliFailure(
      EXIT.failed,
      `There is no model that you may use${host === undefined ? "" : ` on ${host}`}. Declare a model server in relay.toml on a host (docs/models.md); \`farhand models\` lists what there is.`,
    );
  return host === undefined ? found.id : `${found.id}@${host}`;
}

function speed({ outputTokens, durationMs, firstMs }: Completion): number | null {
  const seconds = (durationMs - firstMs) / 1000;
  return outputTokens === null || outputTokens < 2 || seconds < 0.05 ? null : Math.round((outputTokens / seconds) * 10) / 10;
}

function summary(done: Completion): string {
  const tokens = done.outputTokens === null ? "" : `${done.outputTokens} tokens, `;
  const rate = speed(done);
  return `${done.model}${done.host === null ? "" : ` on ${done.host}`}: ${tokens}${(done.durationMs / 1000).toFixed(1)} s${rate === null ? "" : `, ${rate} tokens/s`}${done.wasStopped ? ", stopped" : ""}`;
}

/** To a terminal without control characters; to a file or pipe as it is. */
const show = (text: string) => void process.stdout.write(process.stdout.isTTY ? plain(text) : text);

async function readAll(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const piece of process.stdin as AsyncIterable<string>) {
    text += piece;
    if (text.length > INPUT_CHARS) throw usage("Standard input is too long for a question.");
  }
  return text.trim();
}

async function once(client: Client, input: Input, system: readonly Message[]): Promise<void> {
  const words = input.words.join(" ");
  const piped = process.stdin.isTTY ? "" : await readAll();
  const question = [words, piped].filter(Boolean).join("\n\n");
  if (question === "") throw usage("There is no question: give it as words or on standard input.");
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const model = await modelFor(client, input);
  const messages: Message[] = [...system, { role: "user", content: question }];
  const done = await complete(client, { model, messages, signal: stop.signal, piece: input.json ? () => undefined : show });
  if (input.json) {
    const { content, host, finishReason, inputTokens, outputTokens } = done;
    const [first, whole] = [Math.round(done.firstMs), Math.round(done.durationMs)];
    printJson({
      model: done.model,
      host,
      content,
      finish_reason: finishReason,
      stopped: done.wasStopped,
      input_tokens: inputTokens,
      output_tokens: outputTokens,
      first_ms: first,
      duration_ms: whole,
      tokens_per_second: speed(done),
    });
  } else {
    if (!done.content.endsWith("\n")) print("");
    if (process.stderr.isTTY) note(plain(summary(done)));
  }
  if (done.wasStopped) process.exitCode = EXIT.failed;
}

class Conversation {
  readonly #client: Client;
  readonly #system: readonly Message[];
  readonly #lines: Interface;
  #messages: Message[];
  #model: string;
  #answer: AbortController | null = null;

  constructor(client: Client, model: string, system: readonly Message[]) {
    this.#client = client;
    this.#model = model;
    this.#system = system;
    this.#messages = [...system];
    this.#lines = createInterface({ input: process.stdin, output: process.stdout, prompt: PROMPT });
  }

  /** To /exit, Ctrl-D, or Ctrl-C where nothing is being answered. */
  async run(): Promise<void> {
    note(`${plain(this.#model)}. ${HELP}`);
    this.#lines.on("SIGINT", () => (this.#answer ? this.#answer.abort() : this.#lines.close()));
    this.#lines.prompt();
    for await (const line of this.#lines) {
      const text = line.trim();
      if (text === "/exit" || text === "/quit") break;
      await this.#turn(text).catch((error: unknown) => {
        if (!(error instanceof CliFailure)) throw error;
        note(`farhand: ${plain(error.message)}`);
      });
      this.#lines.prompt();
    }
    this.#lines.close();
  }

  async #turn(text: string): Promise<void> {
    if (text === "") return;
    if (!text.startsWith("/")) return this.#ask(text);
    const [command = "", argument = ""] = text.split(/\s+/, 2);
    if (command === "/clear") this.#messages = [...this.#system];
    else if (command === "/models") {
      const rows = (await listModels(this.#client)).map(({ id, farhand }) => [
        id === this.#model ? "*" : "",
        id,
        farhand?.hosts.join(",") ?? "",
      ]);
      print(table(["", "MODEL", "HOSTS"], rows));
    } else if (command === "/model" && argument !== "") {
      const isThere = (await listModels(this.#client)).some(({ id }) => [id, id.replace(/:latest$/, "")].includes(argument.split("@")[0]!));
      if (!isThere) throw usage(`There is no model ${argument} that you may use: /models lists them.`);
      this.#model = argument;
      note(`${this.#model} from now on.`);
    } else if (command === "/model") print(plain(this.#model));
    else note(HELP);
  }

  async #ask(content: string): Promise<void> {
    const answer = new AbortController();
    this.#answer = answer;
    const messages: Message[] = [...this.#messages, { role: "user", content }];
    try {
      const done = await complete(this.#client, { model: this.#model, messages, signal: answer.signal, piece: show });
      print("");
      note(plain(summary(done)));
      if (done.content !== "") this.#messages = [...messages, { role: "assistant", content: done.content }];
    } finally {
      this.#answer = null;
    }
  }
}

export async function run(input: Input): Promise<void> {
  const system: Message[] = input.text("system") === undefined ? [] : [{ role: "system", content: input.text("system")! }];
  await withEdge(async (client) => {
    const isTalk = input.words.length === 0 && process.stdin.isTTY && !input.json;
    if (!isTalk) return await once(client, input, system);
    await new Conversation(client, await modelFor(client, input), system).run();
  });
}
