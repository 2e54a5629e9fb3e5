// A fan-out's children, each on its host.
import type { Job } from "../../protocol/api/shapes.ts";
import { JobBadge } from "../parts/badge.tsx";
import { pathTo } from "../routes.ts";

export function JobChildren({ children }: { readonly children: NonNullable<Job["children"]> }) {
  return (
    <ul class="rows grid">
      {children.map(({ id, host, status }) => (
        <li key={id}>
          <a class="row" href={pathTo("job", { id })}>
            <span class="row-head">
              <strong>{host}</strong>
              <JobBadge status={status} />
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}
