/** Lines with x values of their own, laid over one another as a chart library wants them. */
import { visiblePoints } from './downsample.ts';

export interface Line {
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
  readonly length: number;
}

/** One x for all, then a row per line: a number, null for a hole in the line, undefined where it has no point. */
export type Aligned = [number[], ...(number | null | undefined)[][]];

/** First and last x over all lines; null when there is no point at all. */
export function extent(lines: readonly Line[]): [number, number] | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { xs, length } of lines) {
    if (length === 0) continue;
    low = Math.min(low, xs[0]);
    high = Math.max(high, xs[length - 1]);
  }
  return low <= high ? [low, high] : null;
}

/** What to draw of `lines` between two x values, in about `buckets` columns. `positive` makes a hole of y ≤ 0. */
export function align(lines: readonly Line[], from: number, to: number, buckets: number, positive = false): Aligned {
  const picked = lines.map(({ xs, ys, length }) => visiblePoints(xs, ys, length, from, to, buckets));
  const all = new Set<number>();
  picked.forEach((indices, i) => {
    for (const at of indices) all.add(lines[i].xs[at]);
  });
  const x = Float64Array.from(all).sort();
  const place = new Map<number, number>();
  for (let i = 0; i < x.length; i++) place.set(x[i], i);
  const rows = picked.map((indices, i) => {
    const row: (number | null | undefined)[] = new Array(x.length).fill(undefined);
    for (const at of indices) {
      const y = lines[i].ys[at];
      row[place.get(lines[i].xs[at]) as number] = Number.isNaN(y) || (positive && y <= 0) ? null : y;
    }
    return row;
  });
  return [Array.from(x), ...rows];
}
