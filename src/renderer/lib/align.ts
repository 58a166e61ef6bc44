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

/**
 * A neighbour outside of the view, brought to one width of the view beside it: to draw dashes over the millions of
 * pixels to a point that is farther would take seconds. The line through the view stays where it was.
 */
function nearer(line: Line, at: number, from: number, to: number, log: LogAxes): [number, number] {
  const { xs, ys } = line;
  const before = xs[at] < from;
  const other = before ? at + 1 : at - 1;
  const edge = log.x ? (before ? from ** 2 / to : to ** 2 / from) : before ? 2 * from - to : 2 * to - from;
  const far = before ? xs[at] < edge : xs[at] > edge;
  if (!far || other < 0 || other >= line.length) return [xs[at], ys[at]];
  const measure = (x: number): number => (log.x ? Math.log(x) : x);
  const share = (measure(edge) - measure(xs[at])) / (measure(xs[other]) - measure(xs[at]));
  const [y, next] = [ys[at], ys[other]];
  return [edge, log.y && y > 0 && next > 0 ? y * (next / y) ** share : y + (next - y) * share];
}

/** What to draw of `lines` between two x values, in about `buckets` columns. A log y axis makes a hole of y ≤ 0. */
export function align(lines: readonly Line[], from: number, to: number, buckets: number, log: LogAxes = {}): Aligned {
  const picked = lines.map((line) => {
    const points: [number, number][] = [];
    for (const at of visiblePoints(line, from, to, buckets, log.x)) {
      const x = line.xs[at];
      if (log.x && x <= 0) continue;
      points.push(x < from || x > to ? nearer(line, at, from, to, log) : [x, line.ys[at]]);
    }
    return points;
  });
  const all = new Float64Array(picked.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const points of picked) for (const [x] of points) all[filled++] = x;
  all.sort();
  const x: number[] = [];
  for (const value of all) if (x.length === 0 || x[x.length - 1] !== value) x.push(value);
  const rows = picked.map((points) => {
    const row: (number | null | undefined)[] = new Array(x.length).fill(undefined);
    let place = 0;
    for (const [at, y] of points) {
      while (x[place] !== at) place++;
      row[place] = Number.isNaN(y) || (log.y && y <= 0) ? null : y;
    }
    return row;
  });
  return [x, ...rows];
}
