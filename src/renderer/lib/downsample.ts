/**
 * Points worth drawing. Each of `buckets` equal slices of [from, to] keeps its first, lowest, highest and last point,
 * so no spike is lost and lines leave and enter a slice where they really do.
 */
import { type Blocks, blockSize, extremes, lowerBound } from '../../shared/column.ts';

/** A line with x values of its own, ascending; NaN in `ys` is a hole. What lies past `length` is not of it. */
export interface Line {
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
  readonly length: number;
  /** Extremes of `ys` block by block, where they are kept: a million points are then drawn as fast as a thousand. */
  readonly blocks?: () => Blocks;
}

/**
 * Indices to draw, ascending. A hole is kept once per slice that holds nothing else. One point on either side of
 * [from, to] is kept too, so lines run to the edge. `log`: slices are equal in log x; `from` is positive then.
 */
export function visiblePoints(line: Line, from: number, to: number, buckets: number, log = false): number[] {
  const { xs, ys, length } = line;
  const first = lowerBound(xs, length, from);
  let last = lowerBound(xs, length, to, first);
  while (last < length && xs[last] === to) last++;
  const before = Math.max(0, first - 1);
  const after = Math.min(length, last + 1);
  if (after - before <= buckets * 4) return Array.from({ length: Math.max(0, after - before) }, (_, i) => before + i);

  const kept: number[] = [];
  if (before < first) kept.push(before);
  const blocks = line.blocks?.();
  const edge = log
    ? (i: number): number => from * (to / from) ** (i / buckets)
    : (i: number): number => from + ((to - from) * i) / buckets;
  let start = first;
  for (let i = 1; i <= buckets && start < last; i++) {
    const end = i === buckets ? last : Math.min(last, lowerBound(xs, last, edge(i), start));
    if (end > start) keepSlice(ys, start, end, blocks, kept);
    start = end;
  }
  if (last < after) kept.push(last);
  return kept;
}

function keepSlice(
  ys: ArrayLike<number>,
  start: number,
  end: number,
  blocks: Blocks | undefined,
  kept: number[],
): void {
  let firstFinite = start;
  while (firstFinite < end && Number.isNaN(ys[firstFinite])) firstFinite++;
  if (firstFinite === end) {
    kept.push(start);
    return;
  }
  let lastFinite = end - 1;
  while (Number.isNaN(ys[lastFinite])) lastFinite--;
  const { low, high } = sliceExtremes(ys, firstFinite, lastFinite + 1, blocks);
  const [a, b] = low < high ? [low, high] : [high, low];
  for (const i of [firstFinite, a, b, lastFinite]) if (kept.length === 0 || kept[kept.length - 1] < i) kept.push(i);
}

/** As `extremes`, with whole blocks looked up. */
function sliceExtremes(
  ys: ArrayLike<number>,
  start: number,
  end: number,
  blocks: Blocks | undefined,
): { low: number; high: number } {
  const from = Math.ceil(start / blockSize);
  const to = Math.min(Math.floor(end / blockSize), blocks?.count ?? 0);
  if (!blocks || to <= from) return extremes(ys, start, end);
  let { low, high } = extremes(ys, start, from * blockSize);
  const take = (one: { readonly low: number; readonly high: number }): void => {
    if (one.low < 0) return;
    if (low < 0 || ys[one.low] < ys[low]) low = one.low;
    if (high < 0 || ys[one.high] > ys[high]) high = one.high;
  };
  for (let i = from; i < to; i++) take({ low: blocks.low[i], high: blocks.high[i] });
  take(extremes(ys, to * blockSize, end));
  return { low, high };
}
