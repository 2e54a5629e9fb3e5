// Runs one operation on one host: its form, the question before what is destructive, the way to the job or the answer at once.
import { useMemo, useState } from "preact/hooks";
import type { Host, Job } from "../../protocol/api/shapes.ts";
import type { JobResult } from "../../protocol/envelope.ts";
import type { ScreenProps } from "../app.tsx";
import { ApiProblem, get, segment } from "../api/client.ts";
import { useHost, useOperations } from "../api/lookups.ts";
import { useResource } from "../api/resource.ts";
import { useMe, type Operation } from "../api/session.ts";
import { messagesAt, SPEC, type Spec } from "../forms/contract.ts";
import { TextField } from "../forms/field.tsx";
import { formOf } from "../forms/index.ts";
import { Risk } from "../parts/badge.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { durationOf } from "../parts/format.ts";
import { Screen } from "../parts/screen.tsx";
import { Empty, Failure, Loaded, Prose } from "../parts/states.tsx";
import { Value } from "../parts/value.tsx";
import { pathTo } from "../routes.ts";
import { obstacle } from "./host.tsx";
import { ask, freshKey, submit, withoutSecrets, type Submission } from "./run-request.ts";

function Asked({ host, operation, spec }: Pick<Submission, "host" | "operation" | "spec">) {
  const schema = operation.resource_spec as { readonly properties?: Readonly<Record<string, { readonly secret?: boolean }>> };
  const shown = Object.fromEntries(
    Object.entries(spec).map(([name, value]) => [name, schema.properties?.[name]?.secret ? "(secret)" : value]),
  );
  return (
    <>
      <p>
        <strong>{operation.name}</strong> on <strong>{host.name}</strong>, with exactly this:
      </p>
      <pre class="text exact">{JSON.stringify(shown, null, 2)}</pre>
      <p class="soft">This may destroy something. There is no way back.</p>
    </>
  );
}

function Answer({ result }: { readonly result: JobResult }) {
  return (
    <section class={result.status === "success" ? "card" : "card bad-state"} aria-label="Answer" role="status">
      {result.status !== "success" && (
        <p class="state-title">
          <Prose text={result.message} />
        </p>
      )}
      {result.data !== undefined && <Value value={result.data} />}
    </section>
  );
}

function Timeout({
  operation,
  value,
  onInput,
  errors,
}: {
  readonly operation: Operation;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly errors: readonly string[];
}) {
  const { default: usual, max } = operation.timeout_ms;
  return (
    <details class="fold">
      <summary>Time limit</summary>
      <TextField
        label="Seconds"
        hint={`${durationOf(usual)} if left empty; at most ${durationOf(max)}. Then the job is ended.`}
        value={value}
        errors={errors}
        onInput={onInput}
      />
    </details>
  );
}

interface RunFormProps {
  readonly host: Host;
  readonly operation: Operation;
  readonly first: Spec;
}

/** The form's values, and what became of them. */
function useRun({ host, operation, first }: RunFormProps) {
  const [spec, setSpec] = useState(first);
  const [seconds, setSeconds] = useState("");
  const [key, setKey] = useState(freshKey);
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const [answer, setAnswer] = useState<JobResult | null>(null);
  const run = async () => {
    setIsBusy(true);
    setError(null);
    try {
      if (operation.risk === "read") setAnswer(await ask(host.name, operation.name, spec));
      else await submit({ host, operation, spec, timeoutMs: seconds === "" ? null : Math.round(Number(seconds) * 1_000), key });
    } catch (error) {
      // After a refusal the corrected request is another one; after silence the same key finds the job that may be there.
      if (error instanceof ApiProblem) setKey(freshKey());
      setError(error as Error);
    }
    setIsBusy(false);
  };
  const changeSpec = (next: Spec) => {
    setSpec(next);
    setKey(freshKey());
  };
  const changeSeconds = (text: string) => {
    setSeconds(text);
    setKey(freshKey());
  };
  return { spec, changeSpec, seconds, changeSeconds, isBusy, error, answer, run };
}

/** All that is wrong in one place; most of it stands beside a field too. */
function Wrong({ error }: { readonly error: Error }) {
  const errors = error instanceof ApiProblem ? error.errors : [];
  return (
    <>
      <Failure error={error} />
      <ul class="wrong-list">
        {errors.map(({ pointer, message }) => (
          <li key={pointer}>
            <code>{pointer.replace(SPEC, "").slice(1)}</code> {message}
          </li>
        ))}
      </ul>
    </>
  );
}

const VERBS: Readonly<Record<string, string>> = { read: "Ask", destructive: "Run…" };

function RunForm(props: RunFormProps) {
  const { host, operation } = props;
  const { spec, changeSpec, seconds, changeSeconds, isBusy, error, answer, run } = useRun(props);
  const [isAsking, setIsAsking] = useState(false);
  const errors = error instanceof ApiProblem ? error.errors : [];
  const timeoutErrors = errors.filter(({ pointer }) => pointer === "/metadata/timeout_ms").map(({ message }) => message);
  const Form = formOf(operation.name);
  const send = (event: Event) => {
    event.preventDefault();
    if (operation.risk === "destructive") setIsAsking(true);
    else void run();
  };
  const confirm = () => {
    setIsAsking(false);
    void run();
  };
  return (
    <>
      <form class="form" onSubmit={send} noValidate>
        <Form host={host} operation={operation} spec={spec} onChange={changeSpec} errorsAt={(pointer) => messagesAt(errors, pointer)} />
        {operation.risk !== "read" && <Timeout operation={operation} value={seconds} errors={timeoutErrors} onInput={changeSeconds} />}
        {error && <Wrong error={error} />}
        <div class="buttons">
          <button disabled={isBusy} class={operation.risk === "destructive" ? "danger" : ""}>
            {isBusy ? "Sending…" : (VERBS[operation.risk] ?? "Run")}
          </button>
        </div>
      </form>
      {answer && <Answer result={answer} />}
      {isAsking && (
        <Confirm title="Run this?" action="Run it" otherwise="Do not run" onClose={() => setIsAsking(false)} onConfirm={confirm}>
          <Asked host={host} operation={operation} spec={spec} />
        </Confirm>
      )}
    </>
  );
}

export function Run({ params, query }: ScreenProps) {
  const me = useMe();
  const host = useHost(params["host"] ?? "");
  const operations = useOperations();
  const again = query.get("again");
  const before = useResource(again, (signal) => get<Job>(`/api/v1/jobs/${segment(again ?? "")}`, signal));
  const name = params["operation"] ?? "";
  const first = useMemo((): Spec => {
    if (before.data?.operation === name) return withoutSecrets(before.data.resource_spec) as Spec;
    const command = query.get("name");
    return command ? { name: command } : {};
  }, [before.data, name, query]);
  const operation = operations.data?.find((one) => one.name === name);
  const title = name === "command.run" && typeof first["name"] === "string" ? first["name"] : name;
  return (
    <Screen
      title={title}
      up={[pathTo("hostOperations", { host: params["host"] ?? "" }), params["host"] ?? "the host"]}
      aside={operation && <Risk risk={operation.risk} />}
    >
      <Loaded of={host}>
        {(host) => (
          <Loaded of={operations}>
            {() => {
              if (!operation) return <Empty title="There is no such operation." />;
              const why = obstacle(host, operation, me);
              if (again !== null && before.data === null && before.error === null) return <p class="soft">Loading the earlier job…</p>;
              return (
                <>
                  <p class="soft">
                    {operation.summary}, on {host.name}.
                    {!host.online && !why && " The host is offline: the job waits for it, by default 15 minutes."}
                  </p>
                  {why ? <Empty title={why} /> : <RunForm key={again ?? ""} host={host} operation={operation} first={first} />}
                </>
              );
            }}
          </Loaded>
        )}
      </Loaded>
    </Screen>
  );
}
