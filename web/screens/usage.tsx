// Requests and tokens of models: one's own, and for admins everyone's.
import type { z } from "zod";
import type { usageItemSchema } from "../../protocol/api/shapes.ts";
import { MoreButton } from "../parts/more-button.tsx";
import { usePaged } from "../parts/paged.ts";
import { Screen } from "../parts/screen.tsx";
import { Empty, Loaded } from "../parts/states.tsx";

type UsageItem = z.infer<typeof usageItemSchema>;

function UsageRow({ item }: { readonly item: UsageItem }) {
  return (
    <li class="row">
      <span class="row-head">
        <strong>{item.model}</strong>
        <span class="soft small">{item.day}</span>
      </span>
      <span>
        {item.requests.toLocaleString()} {item.requests === 1 ? "request" : "requests"} · {item.input_tokens.toLocaleString()} tokens in ·{" "}
        {item.output_tokens.toLocaleString()} out
        {item.aborted > 0 ? ` · ${item.aborted} broken off` : ""}
      </span>
      <span class="soft small">
        {item.principal} · {item.host} · {item.surface}
      </span>
    </li>
  );
}

export function Usage() {
  const usage = usePaged<UsageItem>("/api/v1/usage", { limit: 50 });
  return (
    <Screen title="Usage">
      <Loaded of={usage.first}>
        {() =>
          usage.items.length === 0 ? (
            <Empty title="No model was used yet">
              <p>Chats, completions and embeddings are counted here, by day and model.</p>
            </Empty>
          ) : (
            <ul class="rows grid">
              {usage.items.map((item) => (
                <UsageRow key={`${item.day} ${item.principal} ${item.host} ${item.surface} ${item.model}`} item={item} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <MoreButton of={usage} />
    </Screen>
  );
}
