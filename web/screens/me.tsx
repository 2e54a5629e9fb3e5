// Who is signed in, with what, and what that allows.
import { useState } from "preact/hooks";
import { request } from "../api/client.ts";
import { useMe } from "../api/session.ts";
import { Copyable } from "../parts/copy.tsx";
import { Facts } from "../parts/facts.tsx";
import { GrantLine } from "../parts/grant.tsx";
import { Screen } from "../parts/screen.tsx";
import { Empty, Failure } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";

interface Code {
  readonly path: string;
  readonly expires_at: string;
}

/** A link for another device of the same person. */
function AnotherDevice() {
  const [code, setCode] = useState<Code | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const make = async () => {
    try {
      setCode(await request<Code>("POST", "/api/v1/sign-in-codes"));
      setError(null);
    } catch (error) {
      setError(error as Error);
    }
  };
  return (
    <section class="card">
      <h2>Sign in on another device</h2>
      {code ? (
        <>
          <Copyable text={location.origin + code.path} what="the sign-in link" />
          <p class="soft">
            Works once; ends <Time at={code.expires_at} />. Whoever opens it is you.
          </p>
        </>
      ) : (
        <button class="plain" onClick={() => void make()}>
          Make a link
        </button>
      )}
      {error && <Failure error={error} />}
    </section>
  );
}

function You() {
  const me = useMe();
  const [error, setError] = useState<Error | null>(null);
  const signOut = async () => {
    try {
      await request("DELETE", "/api/v1/session");
      location.assign("/sign-in");
    } catch (error) {
      setError(error as Error);
    }
  };
  return (
    <section class="card">
      <h2>You</h2>
      <Facts
        of={[
          ["Principal", <code key="principal">{me.principal}</code>],
          ["E-mail", me.email],
          ["Proven by", me.credentials.join(", ")],
        ]}
      />
      <button class="plain danger-text" onClick={() => void signOut()}>
        Sign out
      </button>
      {error && <Failure error={error} />}
    </section>
  );
}

export function MeScreen() {
  const me = useMe();
  return (
    <Screen title="Who am I">
      <div class="columns">
        <You />
        <section class="card">
          <h2>You may</h2>
          {me.grants.length === 0 ? (
            <Empty title="Nothing yet">
              <p>An admin can give you a grant.</p>
            </Empty>
          ) : (
            <ul class="plain-list">
              {me.grants.map((grant, index) => (
                <GrantLine key={grant.id || index} grant={grant} />
              ))}
            </ul>
          )}
        </section>
        <AnotherDevice />
      </div>
    </Screen>
  );
}
