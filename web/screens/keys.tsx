// API keys: which there are, and revoking one.
import { useState } from "preact/hooks";
import type { Grant, Key } from "../../protocol/api/shapes.ts";
import { get, request, segment } from "../api/client.ts";
import { useResource } from "../api/resource.ts";
import { AdminOnly } from "../parts/admin-only.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { grantText } from "../parts/grant.tsx";
import { MoreButton } from "../parts/more-button.tsx";
import { usePaged } from "../parts/paged.ts";
import { Screen } from "../parts/screen.tsx";
import { Empty, Failure, Loaded } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { pathTo } from "../routes.ts";

const GRANTS = 200;

interface KeyRowProps {
  readonly item: Key;
  readonly grants: readonly Grant[];
  readonly onRevoke: (key: Key) => void;
}

function KeyRow({ item, grants, onRevoke }: KeyRowProps) {
  return (
    <li class="row with-action">
      <span class="row-text">
        <strong>{item.name}</strong>
        <span class="soft small">
          <code>{item.imported ? "imported" : `${item.prefix}…`}</code> · made <Time at={item.created_at} />
          {item.expires_at && (
            <>
              {" "}
              · ends <Time at={item.expires_at} />
            </>
          )}
        </span>
        {grants.map((grant) => (
          <span key={grant.id} class="soft small">
            {grant.role}: {grantText(grant)}
          </span>
        ))}
      </span>
      <button class="plain danger-text" onClick={() => onRevoke(item)} aria-label={`Revoke ${item.name}`}>
        Revoke
      </button>
    </li>
  );
}

function KeyList() {
  const keys = usePaged<Key>("/api/v1/keys", { limit: 50 });
  const grants = useResource("grants", async (signal) => (await get<{ items: Grant[] }>(`/api/v1/grants?limit=${GRANTS}`, signal)).items);
  const [asked, setAsked] = useState<Key | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const revoke = async (key: Key) => {
    setAsked(null);
    try {
      await request("DELETE", `/api/v1/keys/${segment(key.id)}`);
      setError(null);
    } catch (error) {
      setError(error as Error);
    }
    keys.first.reload();
  };
  return (
    <>
      {error && <Failure error={error} />}
      <Loaded of={keys.first}>
        {() =>
          keys.items.length === 0 ? (
            <Empty title="No API keys">
              <p>A key lets a program in: a script, a CI job, a chat client.</p>
            </Empty>
          ) : (
            <ul class="rows">
              {keys.items.map((key) => (
                <KeyRow
                  key={key.id}
                  item={key}
                  grants={(grants.data ?? []).filter(({ principal }) => principal === `key:${key.id}`)}
                  onRevoke={setAsked}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
      <MoreButton of={keys} />
      {asked && (
        <Confirm title={`Revoke ${asked.name}?`} action="Revoke" onClose={() => setAsked(null)} onConfirm={() => void revoke(asked)}>
          <p>It fails everywhere within 5 seconds, and its open streams end.</p>
        </Confirm>
      )}
    </>
  );
}

export function Keys() {
  return (
    <Screen
      title="API keys"
      aside={
        <a class="button" href={pathTo("keyNew")}>
          New key
        </a>
      }
    >
      <AdminOnly>
        <KeyList />
      </AdminOnly>
    </Screen>
  );
}
