/** Lines with x values of their own, laid over one another as a chart library wants them. */
import { type Line, visiblePoints } from './downsample.ts';

/** One x for all, then a row per line: a number, null for a hole in the line, undefined where it has no point. */
export type Aligned = [number[], ...(number | null | undefined)[][]];

/** Axes that are logarithmic. */
export interface LogAxes {
  readonly x?: boolean;
  readonly y?: boolean;
}

/**
 * First and last x over all lines, of a logarithmic axis the first that is positive; null when there is no point.
 */
export function extent(lines: readonly Line[], log = false): [number, number] | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { xs, length } of lines) {
    let first = 0;
    while (log && first < length && xs[first] <= 0) first++;
    if (first === length) continue;
    low = Math.min(low, xs[first]);
    high = Math.max(high, xs[length - 1]);
  }
  return low <= high ? [low, high] : null;
}

/** What to draw of `lines` between two x values, in about `buckets` columns. A log y axis makes a hole of y ≤ 0. */
export function align(lines: readonly Line[], from: number, to: number, buckets: number, log: LogAxes = {}): Aligned {
  const picked = lines.map((line) =>
    visiblePoints(line, from, to, buckets, log.x).filter((at) => !log.x || line.xs[at] > 0),
  );
  const all = new Float64Array(picked.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  picked.forEach((indices, i) => {
    const { xs } = lines[i];
    for (const at of indices) all[filled++] = xs[at];
  });
  all.sort();
  const x: number[] = [];
  for (const value of all) if (x.length === 0 || x[x.length - 1] !== value) x.push(value);
  const rows = picked.map((indices, i) => {
    const { xs, ys } = lines[i];
    const row: (number | null | undefined)[] = new Array(x.length).fill(undefined);
    let place = 0;
    for (const at of indices) {
      while (x[place] !== xs[at]) place++;
      const y = ys[at];
      row[place] = Number.isNaN(y) || (log.y && y <= 0) ? null : y;
    }
    return row;
  });
  return [x, ...rows];
}
