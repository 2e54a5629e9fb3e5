// Chat: the list of conversations, and one of them. On a phone each has the screen for itself.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ScreenProps } from "../app.tsx";
import { get } from "../api/client.ts";
import { useResource, type Resource } from "../api/resource.ts";
import { useMe } from "../api/session.ts";
import { Confirm } from "../parts/dialog.tsx";
import { Icon } from "../parts/icon.tsx";
import { Screen } from "../parts/screen.tsx";
import { Empty, Failure, Loading } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { navigate } from "../router.ts";
import { pathTo } from "../routes.ts";
import { useStore } from "../store.ts";
import { again, chats, isRunning, loadChats, remove, say, setModel, stop } from "./chats.ts";
import { Composer } from "./composer.tsx";
import type { Conversation } from "./conversations.ts";
import { MessageView } from "./message.tsx";
import { choicesOf, ModelChoice, type ModelItem } from "./model-choice.tsx";

const MODELS_MS = 15_000;
const NEW = "new";
const LAST_MODEL = "farhand-model";

function remembered(): string {
  try {
    return localStorage.getItem(LAST_MODEL) ?? "";
  } catch {
    return "";
  }
}
function remember(model: string): void {
  try {
    localStorage.setItem(LAST_MODEL, model);
  } catch {
    // A browser that keeps nothing.
  }
}

function ConversationList({ all, here }: { readonly all: readonly Conversation[]; readonly here: string | null }) {
  return (
    <nav class="conversations" aria-label="Conversations">
      <a class="button" href={pathTo("conversation", { id: NEW })}>
        New chat
      </a>
      <ul>
        {all.map(({ id, title, model, updatedAt }) => (
          <li key={id}>
            <a class="row" href={pathTo("conversation", { id })} aria-current={id === here ? "page" : undefined}>
              <strong class="one-line">{title}</strong>
              <span class="soft small one-line">
                {model} · <Time at={new Date(updatedAt).toISOString()} />
              </span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Stays at the end while an answer is written, unless one scrolls up. */
function Messages({ conversation }: { readonly conversation: Conversation }) {
  const box = useRef<HTMLDivElement>(null);
  const isPinned = useRef(true);
  useLayoutEffect(() => {
    if (isPinned.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  });
  const last = conversation.messages.at(-1);
  const canRepeat = !isRunning(conversation.id);
  return (
    <div
      class="messages"
      ref={box}
      tabIndex={0}
      role="region"
      aria-label="Messages"
      onScroll={({ currentTarget: node }) => (isPinned.current = node.scrollHeight - node.scrollTop - node.clientHeight < 40)}
    >
      <ol>
        {conversation.messages.map((message) => (
          <MessageView key={message.id} message={message} onAgain={message === last && canRepeat ? () => again(conversation.id) : null} />
        ))}
      </ol>
      <p class="hidden-text" role="status">
        {last?.state === "done" && last.role === "assistant" ? "The answer is complete." : ""}
      </p>
    </div>
  );
}

function Welcome({ models }: { readonly models: Resource<readonly ModelItem[]> }) {
  if (models.data === null)
    return models.error ? <Failure error={models.error} retry={models.reload} /> : <Loading what="Looking for models…" />;
  if (choicesOf(models.data).length > 0)
    return (
      <Empty title="Ask something">
        <p>Conversations stay in this browser. What you say goes to the model's host and nowhere else.</p>
      </Empty>
    );
  return (
    <Empty title="No model is there">
      <p>
        Declare a model server in the relay.toml of a host (<code>[services.NAME]</code>). Models of hosts that are offline are not listed.
      </p>
    </Empty>
  );
}

interface TalkProps {
  readonly conversation: Conversation | null;
  readonly first: string;
}

function Talk({ conversation, first }: TalkProps) {
  const me = useMe();
  const models = useResource("models", async (signal) => (await get<{ data: readonly ModelItem[] }>("/v1/models", signal)).data, MODELS_MS);
  const [chosen, setChosen] = useState(first);
  const [isAsking, setIsAsking] = useState(false);
  const choices = choicesOf(models.data ?? []);
  const usual = [remembered(), choices[0]?.[0] ?? ""].find((model) => choices.some(([choice]) => choice === model)) ?? "";
  const model = conversation?.model ?? (chosen || usual);
  const choose = (model: string) => {
    remember(model);
    if (conversation) setModel(conversation.id, model);
    else setChosen(model);
  };
  const send = (text: string) => {
    remember(model);
    const id = say(conversation?.id ?? null, text, model, me.principal);
    if (!conversation) navigate(pathTo("conversation", { id }), true);
  };
  const id = conversation?.id ?? "";
  const aside = conversation && (
    <button class="icon-button" aria-label="Delete this conversation" onClick={() => setIsAsking(true)}>
      <Icon name="trash" />
    </button>
  );
  return (
    <div class="talk">
      <div class="talk-bar">
        <ModelChoice models={models} value={model} onChoose={choose} />
        {aside}
      </div>
      {conversation ? (
        <Messages key={conversation.id} conversation={conversation} />
      ) : (
        <div class="messages">
          <Welcome models={models} />
        </div>
      )}
      <Composer
        key={id}
        isRunning={isRunning(id)}
        obstacle={model === "" ? "No model to talk to" : null}
        onSend={send}
        onStop={() => stop(id)}
      />
      {isAsking && conversation && (
        <Confirm
          title="Delete this conversation?"
          action="Delete"
          onClose={() => setIsAsking(false)}
          onConfirm={() => {
            remove(conversation.id);
            navigate(pathTo("chat"), true);
          }}
        >
          <p>“{conversation.title}” is kept in this browser only; then it is gone.</p>
        </Confirm>
      )}
    </div>
  );
}

export function Chat({ params, query }: ScreenProps) {
  const me = useMe();
  const all = useStore(chats);
  useEffect(() => void loadChats(me.principal), [me.principal]);
  const model = query.get("model") ?? "";
  const id = params["id"] ?? (model === "" ? null : NEW);
  const conversation = all?.find((one) => one.id === id) ?? null;
  const isList = id === null && (all?.length ?? 0) > 0;
  const isGone = id !== null && id !== NEW && all !== null && conversation === null;
  if (all === null)
    return (
      <Screen title="Chat">
        <Loading />
      </Screen>
    );
  return (
    <Screen
      title={conversation?.title ?? (isList ? "Chat" : "New chat")}
      {...(isList || all.length === 0 ? {} : { up: [pathTo("chat"), "all conversations"] as const })}
      isFull={!isList}
    >
      <div class={isList ? "chat list" : "chat one"}>
        {all.length > 0 && <ConversationList all={all} here={id} />}
        {isGone ? (
          <Empty title="This conversation is not in this browser." />
        ) : isList ? (
          <div class="talk only-wide-block">
            <Empty title="Choose a conversation, or begin one." />
          </div>
        ) : (
          <Talk conversation={conversation} first={model} />
        )}
      </div>
    </Screen>
  );
}
