// One message: what a person said as it was typed, what a model said as Markdown, with how fast it came.
import { CopyButton } from "../parts/copy.tsx";
import type { Message } from "./conversations.ts";
import { Markdown } from "./markdown.tsx";

/** Pure: `41 tokens/s · first after 0.3 s`. */
export function speedOf({ tokens, writingMs, firstMs, host }: Pick<Message, "tokens" | "writingMs" | "firstMs" | "host">): string {
  const rate = tokens !== undefined && writingMs !== undefined && writingMs > 50 && tokens > 1 ? ((tokens - 1) * 1_000) / writingMs : null;
  return [
    rate === null ? "" : `${rate >= 10 ? Math.round(rate) : rate.toFixed(1)} tokens/s`,
    tokens === undefined || tokens === 0 ? "" : `${tokens} tokens`,
    firstMs === undefined ? "" : `first after ${(firstMs / 1_000).toFixed(1)} s`,
    host ? `on ${host}` : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

const ENDS: Partial<Record<Message["state"], string>> = {
  stopped: "Stopped.",
  broken: "The answer broke off.",
};

function Foot({ message, onAgain }: { readonly message: Message; readonly onAgain: (() => void) | null }) {
  const isOver = message.state !== "asking" && message.state !== "writing";
  const end = ENDS[message.state];
  return (
    <div class="message-foot">
      {end && <span>{end}</span>}
      <span class="soft small">{speedOf(message)}</span>
      {isOver && message.text !== "" && <CopyButton text={message.text} what="the answer" isSmall />}
      {isOver && onAgain && (
        <button class="plain small-copy" onClick={onAgain}>
          Again
        </button>
      )}
    </div>
  );
}

export function MessageView({ message, onAgain }: { readonly message: Message; readonly onAgain: (() => void) | null }) {
  if (message.role === "user")
    return (
      <li class="message mine">
        <span class="hidden-text">You: </span>
        {message.text}
      </li>
    );
  return (
    <li class="message theirs" aria-busy={message.state === "asking" || message.state === "writing"}>
      <p class="message-model soft small">{message.model}</p>
      {message.reasoning && (
        <details class="reasoning">
          <summary>Thoughts</summary>
          <Markdown text={message.reasoning} />
        </details>
      )}
      {message.state === "asking" && !message.reasoning && (
        <p class="soft" role="status">
          <span class="spinner" aria-hidden="true" /> Waiting for the first word…
        </p>
      )}
      <Markdown text={message.text} />
      {message.error && (
        <p class="bad-state" role="alert">
          {message.error}
        </p>
      )}
      <Foot message={message} onAgain={onAgain} />
    </li>
  );
}
