// Adds a host: a single-use code and the commands to paste there; waits until the host is there.
import { useState } from "preact/hooks";
import type { z } from "zod";
import type { enrollmentSchema, Host } from "../../protocol/api/shapes.ts";
import { ApiProblem, get, request, segment } from "../api/client.ts";
import { useResource } from "../api/resource.ts";
import { TextField } from "../forms/field.tsx";
import { AdminOnly } from "../parts/admin-only.tsx";
import { Copyable } from "../parts/copy.tsx";
import { Screen } from "../parts/screen.tsx";
import { Failure } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { pathTo } from "../routes.ts";

type Enrollment = z.infer<typeof enrollmentSchema>;
const EVERY_MS = 2_000;

/** Whether the new host has come; null while it has not. */
function useArrived(name: string) {
  return useResource(
    `arrived ${name}`,
    async (signal) => {
      try {
        return await get<Host>(`/api/v1/hosts/${segment(name)}`, signal);
      } catch (error) {
        if (error instanceof ApiProblem && error.status === 404) return null;
        throw error;
      }
    },
    EVERY_MS,
  );
}

function Made({ made, onAgain }: { readonly made: Enrollment; readonly onAgain: () => void }) {
  const arrived = useArrived(made.host);
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  const online = arrived.data?.online ?? false;
  return (
    <section class="card" aria-label="The new host">
      <p role="status" class="state-title">
        {online ? `${made.host} is here.` : arrived.data ? `${made.host} is enrolled; start its relay.` : `Waiting for ${made.host}…`}
      </p>
      {online ? (
        <a class="button" href={pathTo("host", { host: made.host })}>
          Go to {made.host}
        </a>
      ) : (
        <>
          <h3>On that machine, in a copy of Farhand</h3>
          <Copyable text={`npm ci && npx farhand enroll ${location.origin} ${made.code}`} what="the command to enrol" />
          <p>It makes the machine's own key and says how to start its relay.</p>
          {isLocal && (
            <p class="soft">This page was opened at {location.host}: another machine needs the address that it can reach (--public-url).</p>
          )}
          <h3>The code alone</h3>
          <Copyable text={made.code} what="the enrolment code" />
          <p class="soft">
            Works once; ends <Time at={made.expires_at} />.
          </p>
          <button class="plain" onClick={onAgain}>
            Another one
          </button>
        </>
      )}
    </section>
  );
}

function EnrollForm({ onMade }: { readonly onMade: (made: Enrollment) => void }) {
  const [host, setHost] = useState("");
  const [labels, setLabels] = useState("");
  const [error, setError] = useState<Error | null>(null);
  const problems = error instanceof ApiProblem ? error.errors : [];
  const errorsAt = (pointer: string) => problems.filter((problem) => problem.pointer.startsWith(pointer)).map(({ message }) => message);
  const make = async (event: Event) => {
    event.preventDefault();
    const words = labels.split(/[\s,]+/).filter(Boolean);
    try {
      onMade(await request<Enrollment>("POST", "/api/v1/enrollments", { body: { host, ...(words.length > 0 ? { labels: words } : {}) } }));
    } catch (error) {
      setError(error as Error);
    }
  };
  return (
    <form class="form" onSubmit={(event) => void make(event)} noValidate>
      <p class="soft">The machine dials out to this edge; nothing listens on it.</p>
      <TextField
        label="Name of the host"
        hint="Letters, digits, dot, dash"
        isRequired
        isCode
        value={host}
        errors={errorsAt("/host")}
        onInput={setHost}
      />
      <TextField
        label="Labels"
        hint="For choosing and for grants: linux, gpu, builder"
        isCode
        value={labels}
        errors={errorsAt("/labels")}
        onInput={setLabels}
      />
      {error && <Failure error={error} />}
      <div class="buttons">
        <button>Make a code</button>
      </div>
    </form>
  );
}

export function Enroll() {
  const [made, setMade] = useState<Enrollment | null>(null);
  return (
    <Screen title="Add a host" up={[pathTo("hosts"), "Hosts"]}>
      <AdminOnly>{made ? <Made made={made} onAgain={() => setMade(null)} /> : <EnrollForm onMade={setMade} />}</AdminOnly>
    </Screen>
  );
}
