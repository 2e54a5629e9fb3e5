// The conversations of this page and the answers that are being written: they go on while another screen is shown.
import { ApiProblem, isAbort, Unreachable } from "../api/client.ts";
import { storeOf } from "../store.ts";
import { complete } from "./completion.ts";
import { dropConversation, freshId, keepConversation, loadConversations, type Conversation, type Message } from "./conversations.ts";

/** null: not loaded yet. Newest first. */
export const chats = storeOf<readonly Conversation[] | null>(null);
const running = new Map<string, AbortController>();

const TITLE_CHARS = 60;
/** The page is drawn and the browser's database written at most this often while a model writes. */
const DRAW_MS = 60;
const KEEP_MS = 2_000;

export async function loadChats(principal: string): Promise<void> {
  if (chats.get() === null) chats.set(await loadConversations(principal));
}

const find = (id: string) => chats.get()?.find((conversation) => conversation.id === id);

function put(conversation: Conversation): void {
  const rest = (chats.get() ?? []).filter(({ id }) => id !== conversation.id);
  chats.set([conversation, ...rest].sort((a, b) => b.updatedAt - a.updatedAt));
}

function change(id: string, part: Partial<Conversation>): void {
  const conversation = find(id);
  if (conversation) put({ ...conversation, ...part });
}

function changeLast(id: string, part: Partial<Message>): void {
  const conversation = find(id);
  const last = conversation?.messages.at(-1);
  if (conversation && last) put({ ...conversation, messages: [...conversation.messages.slice(0, -1), { ...last, ...part }] });
}

const keep = (id: string) => {
  const conversation = find(id);
  if (conversation) void keepConversation(conversation);
};

export const isRunning = (id: string): boolean => running.has(id);
export const stop = (id: string): void => running.get(id)?.abort();

export function remove(id: string): void {
  stop(id);
  chats.set((chats.get() ?? []).filter((conversation) => conversation.id !== id));
  void dropConversation(id);
}

export const setModel = (id: string, model: string): void => change(id, { model });

/** Of an error, with what to do. */
function wordsOf(error: unknown): string {
  if (error instanceof ApiProblem) return [error.message, error.remedy].filter(Boolean).join(" ");
  if (error instanceof Unreachable) return `${error.message} Try again when the connection is back.`;
  return "The answer could not be read. Try again.";
}

/** Gathers what comes, and draws it now and then. */
class Writing {
  readonly #id: string;
  readonly #startedAt = performance.now();
  #firstAt: number | null = null;
  #lastAt = 0;
  #text = "";
  #reasoning = "";
  #pieces = 0;
  #tokens: number | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #keptAt = performance.now();

  constructor(id: string) {
    this.#id = id;
  }

  take({ text, reasoning, tokens }: { readonly text: string; readonly reasoning: string; readonly tokens: number | null }): void {
    if (text !== "" || reasoning !== "") {
      this.#lastAt = performance.now();
      this.#firstAt ??= this.#lastAt;
      this.#pieces += 1;
    }
    this.#text += text;
    this.#reasoning += reasoning;
    this.#tokens = tokens ?? this.#tokens;
    this.#timer ??= setTimeout(() => this.#draw(), DRAW_MS);
  }

  #draw(): void {
    this.#timer = null;
    changeLast(this.#id, this.#part("writing"));
    if (performance.now() - this.#keptAt < KEEP_MS) return;
    this.#keptAt = performance.now();
    keep(this.#id);
  }

  #part(state: Message["state"]): Partial<Message> {
    const times = this.#firstAt === null ? {} : { firstMs: this.#firstAt - this.#startedAt, writingMs: this.#lastAt - this.#firstAt };
    return {
      text: this.#text,
      ...(this.#reasoning === "" ? {} : { reasoning: this.#reasoning }),
      state: this.#firstAt === null && state === "writing" ? "asking" : state,
      // Without the server's count, a piece is taken for a token: close enough for a speed.
      tokens: this.#tokens ?? this.#pieces,
      ...times,
    };
  }

  end(state: Message["state"], error?: string): void {
    if (this.#timer) clearTimeout(this.#timer);
    changeLast(this.#id, { ...this.#part(state), ...(error === undefined ? {} : { error }) });
    change(this.#id, { updatedAt: Date.now() });
    keep(this.#id);
  }
}

async function answer(id: string): Promise<void> {
  const conversation = find(id);
  if (!conversation || running.has(id)) return;
  const abort = new AbortController();
  running.set(id, abort);
  const { model, messages } = conversation;
  put({
    ...conversation,
    updatedAt: Date.now(),
    messages: [...messages, { id: freshId(), role: "assistant", text: "", state: "asking", model }],
  });
  const writing = new Writing(id);
  try {
    const isDone = await complete({ model, messages }, abort.signal, {
      host: (host) => changeLast(id, { host }),
      delta: (delta) => writing.take(delta),
    });
    running.delete(id);
    writing.end(isDone ? "done" : "broken");
  } catch (error) {
    running.delete(id);
    if (abort.signal.aborted || isAbort(error)) writing.end("stopped");
    else writing.end("failed", wordsOf(error));
  }
}

/** Says something in a conversation, or begins one; answers its id. */
export function say(id: string | null, text: string, model: string, principal: string): string {
  const message: Message = { id: freshId(), role: "user", text, state: "done" };
  const before = id === null ? undefined : find(id);
  const line = text.replaceAll(/\s+/g, " ");
  const title = line.length > TITLE_CHARS ? `${line.slice(0, TITLE_CHARS)}…` : line;
  const conversation = before ?? { id: freshId(), principal, title, model, updatedAt: 0, messages: [] };
  put({ ...conversation, model, updatedAt: Date.now(), messages: [...conversation.messages, message] });
  keep(conversation.id);
  void answer(conversation.id);
  return conversation.id;
}

/** Asks again for the last answer. */
export function again(id: string): void {
  const conversation = find(id);
  if (!conversation || running.has(id)) return;
  const messages = conversation.messages.at(-1)?.role === "assistant" ? conversation.messages.slice(0, -1) : conversation.messages;
  put({ ...conversation, messages });
  void answer(id);
}
