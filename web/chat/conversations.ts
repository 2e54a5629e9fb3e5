// Conversations, kept in this browser and nowhere else, each under the principal who had it. A browser without a database (some
// private windows) keeps them as long as the page is open.

export interface Message {
  readonly id: string;
  readonly role: "user" | "assistant";
  readonly text: string;
  readonly reasoning?: string;
  /** asking: no word yet. broken: the stream ended without an end. */
  readonly state: "asking" | "writing" | "done" | "stopped" | "broken" | "failed";
  readonly error?: string;
  readonly model?: string;
  readonly host?: string;
  readonly tokens?: number;
  /** Milliseconds to the first word, and from it to the last. */
  readonly firstMs?: number;
  readonly writingMs?: number;
}

export interface Conversation {
  readonly id: string;
  readonly principal: string;
  readonly title: string;
  readonly model: string;
  readonly updatedAt: number;
  readonly messages: readonly Message[];
}

const DATABASE = "farhand";
const STORE = "conversations";
let opened: Promise<IDBDatabase> | null = null;

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("the database refused")));
    request.addEventListener("blocked", () => reject(new Error("the database is blocked")));
  });

function database(): Promise<IDBDatabase> {
  if (opened) return opened;
  const request = indexedDB.open(DATABASE, 1);
  request.addEventListener("upgradeneeded", () => request.result.createObjectStore(STORE, { keyPath: "id" }));
  return (opened = settled(request));
}

async function transact<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | null> {
  try {
    return await settled(act((await database()).transaction(STORE, mode).objectStore(STORE)));
  } catch {
    return null;
  }
}

/** What was being written when the page was closed was broken off. */
const brokenOff = (conversation: Conversation): Conversation => ({
  ...conversation,
  messages: conversation.messages.map((message) =>
    message.state === "asking" || message.state === "writing" ? { ...message, state: "broken" } : message,
  ),
});

/** Newest first. */
export async function loadConversations(principal: string): Promise<Conversation[]> {
  const all = (await transact<Conversation[]>("readonly", (store) => store.getAll() as IDBRequest<Conversation[]>)) ?? [];
  return all
    .filter((conversation) => conversation.principal === principal)
    .map(brokenOff)
    .sort((a, b) => b.updatedAt - a.updatedAt);
}

export const keepConversation = (conversation: Conversation): Promise<unknown> => transact("readwrite", (store) => store.put(conversation));
export const dropConversation = (id: string): Promise<unknown> => transact("readwrite", (store) => store.delete(id));

export const freshId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
