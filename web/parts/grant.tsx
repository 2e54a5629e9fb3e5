// A grant in words.
import type { GrantScope } from "../../protocol/api/shapes.ts";

export function grantText({ hosts, labels, operations, models, surfaces }: Omit<GrantScope, "role">): string {
  const where = hosts ? (hosts.includes("*") ? "all hosts" : hosts.join(", ")) : `hosts with ${(labels ?? []).join(" and ")}`;
  const what = operations.includes("*") ? "everything" : operations.join(", ");
  const only = [models ? `models ${models.join(", ")}` : "", surfaces ? `surfaces ${surfaces.join(", ")}` : ""].filter(Boolean);
  return [what, `on ${where}`, ...only.map((text) => `only ${text}`)].join(" · ");
}

export function GrantLine({ grant }: { readonly grant: GrantScope }) {
  return (
    <li>
      <strong>{grant.role}</strong> <span class="soft">{grantText(grant)}</span>
    </li>
  );
}
