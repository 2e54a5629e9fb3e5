// What was changed, by whom, newest first.
import type { AuditRecord } from "../../protocol/api/shapes.ts";
import type { ScreenProps } from "../app.tsx";
import { AdminOnly } from "../parts/admin-only.tsx";
import { Facts } from "../parts/facts.tsx";
import { MoreButton } from "../parts/more-button.tsx";
import { usePaged } from "../parts/paged.ts";
import { Screen } from "../parts/screen.tsx";
import { Empty, Loaded } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { Value } from "../parts/value.tsx";
import { pathTo } from "../routes.ts";

function AuditRow({ record }: { readonly record: AuditRecord }) {
  const isJob = /^[0-9A-HJKMNP-TV-Z]{26}$/.test(record.subject) && record.host !== null;
  return (
    <li>
      <details class="row-fold">
        <summary>
          <span class="row-head">
            <strong>{record.action}</strong>
            <span class="soft small">
              <Time at={record.at} />
            </span>
          </span>
          <span class="soft small">
            {record.principal}
            {record.host ? ` · ${record.host}` : ""} · {record.outcome}
          </span>
        </summary>
        <Facts
          of={[
            ["When", new Date(record.at).toLocaleString()],
            ["Subject", isJob ? <a href={pathTo("job", { id: record.subject })}>{record.subject}</a> : record.subject],
            ["Request", <code key="request">{record.request_id}</code>],
            ["Record", `${record.object} ${record.seq}`],
          ]}
        />
        {Object.keys(record.detail).length > 0 && <Value value={record.detail} />}
      </details>
    </li>
  );
}

function AuditList({ query }: Pick<ScreenProps, "query">) {
  const principal = query.get("principal") ?? "";
  const audit = usePaged<AuditRecord>("/api/v1/audit", { limit: 50, ...(principal === "" ? {} : { principal }) });
  return (
    <>
      <Loaded of={audit.first}>
        {() =>
          audit.items.length === 0 ? (
            <Empty title="Nothing was changed yet" />
          ) : (
            <ul class="rows">
              {audit.items.map((record) => (
                <AuditRow key={`${record.object} ${record.seq}`} record={record} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <MoreButton of={audit} />
    </>
  );
}

export function Audit({ query }: ScreenProps) {
  return (
    <Screen title="Audit log">
      <AdminOnly>
        <AuditList query={query} />
      </AdminOnly>
    </Screen>
  );
}
