// A small chart of one value over the last minutes: an area in SVG, its last value in words.

const WIDTH = 240;
const HEIGHT = 56;

export interface Series {
  readonly label: string;
  /** Oldest first. */
  readonly values: readonly number[];
  /** The top of the chart; absent: the largest value. */
  readonly max?: number;
  readonly last: string;
}

/** Pure: the path of the line, from the left edge on; newest at the right. */
export function linePath(values: readonly number[], max: number, slots: number): string {
  const step = WIDTH / Math.max(1, slots - 1);
  const from = WIDTH - (values.length - 1) * step;
  return values
    .map((value, index) => {
      const y = HEIGHT - 2 - (Math.min(value, max) / max) * (HEIGHT - 6);
      return `${index === 0 ? "M" : "L"}${(from + index * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}

export function Chart({ label, values, max, last, slots }: Series & { readonly slots: number }) {
  const top = max ?? Math.max(1, ...values);
  const line = linePath(values, top, slots);
  const left = WIDTH - (values.length - 1) * (WIDTH / Math.max(1, slots - 1));
  return (
    <figure class="chart">
      <figcaption>
        <span>{label}</span> <strong>{last}</strong>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${label}: ${last}`}>
        {values.length > 1 && <path class="chart-area" d={`${line}L${WIDTH} ${HEIGHT}L${left.toFixed(1)} ${HEIGHT}Z`} />}
        {values.length > 1 && <path class="chart-line" d={line} />}
      </svg>
    </figure>
  );
}
