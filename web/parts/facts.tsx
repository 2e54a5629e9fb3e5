// Terms and what is known of each. What is null is left out.
import type { ComponentChildren } from "preact";

export type Fact = readonly [term: string, value: ComponentChildren];

export function Facts({ of }: { readonly of: readonly Fact[] }) {
  return (
    <dl class="facts">
      {of
        .filter(([, value]) => value !== null && value !== "")
        .map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
