/**
 * Points worth drawing. Each of `buckets` equal slices of [from, to] keeps its first, lowest, highest and last point,
 * so no spike is lost and lines leave and enter a slice where they really do.
 */

/** First index whose x is not below `value`; xs ascend. */
export function lowerBound(xs: ArrayLike<number>, length: number, value: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (xs[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Indices to draw, ascending. `xs` ascend; NaN in `ys` is a hole and is kept once per slice that holds nothing else.
 * One point on either side of [from, to] is kept too, so lines run to the edge.
 */
export function visiblePoints(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  length: number,
  from: number,
  to: number,
  buckets: number,
): number[] {
  const first = Math.max(0, lowerBound(xs, length, from) - 1);
  let last = lowerBound(xs, length, to);
  while (last < length && xs[last] === to) last++;
  last = Math.min(length, last + 1);
  if (last - first <= buckets * 4) return Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);

  const kept: number[] = [];
  const width = (to - from) / buckets;
  let start = first;
  while (start < last) {
    const slice = Math.floor((xs[start] - from) / width);
    let end = start + 1;
    while (end < last && Math.floor((xs[end] - from) / width) === slice) end++;
    keepSlice(ys, start, end, kept);
    start = end;
  }
  return kept;
}

function keepSlice(ys: ArrayLike<number>, start: number, end: number, kept: number[]): void {
  let low = -1;
  let high = -1;
  let firstFinite = -1;
  let lastFinite = -1;
  for (let i = start; i < end; i++) {
    const y = ys[i];
    if (Number.isNaN(y)) continue;
    if (firstFinite < 0) firstFinite = i;
    lastFinite = i;
    if (low < 0 || y < ys[low]) low = i;
    if (high < 0 || y > ys[high]) high = i;
  }
  if (firstFinite < 0) {
    kept.push(start);
    return;
  }
  const [a, b] = low < high ? [low, high] : [high, low];
  for (const i of [firstFinite, a, b, lastFinite]) if (kept.length === 0 || kept[kept.length - 1] < i) kept.push(i);
}
