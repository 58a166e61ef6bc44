/** Ranges and splits of a chart's axes. */
import uPlot from 'uplot';

/** Range of the y axis with a little air; where `clipFrom` is given, of what comes after that x. */
export function yRange(
  data: uPlot.AlignedData,
  low: number | null,
  high: number | null,
  logY: boolean,
  clipFrom: number | null,
): uPlot.Range.MinMax {
  if (low === null || high === null) return logY ? [1, 10] : [0, 1];
  const late = clipFrom === null ? null : rangeFrom(data, clipFrom);
  const [bottom, top] = late ?? [low, high];
  return logY ? logRange(bottom, top) : (uPlot.rangeNum(bottom, top, 0.06, false) as uPlot.Range.MinMax);
}

/** Lowest and highest value from an x on, and where lines end that end before it; null without two different ones. */
function rangeFrom(data: uPlot.AlignedData, from: number): [number, number] | null {
  const [xs, ...rows] = data;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    let any = false;
    for (let i = xs.length - 1; i >= 0 && (xs[i] >= from || !any); i--) {
      const y = row[i];
      if (y === null || y === undefined) continue;
      any = true;
      low = Math.min(low, y);
      high = Math.max(high, y);
    }
  }
  return low < high ? [low, high] : null;
}

/** Whole decades would waste most of the chart on losses. */
function logRange(low: number, high: number): uPlot.Range.MinMax {
  const air = Math.max(Math.log(high / low) * 0.05, 0.01);
  return [low * Math.exp(-air), high * Math.exp(air)];
}

/** About `count` round values between two bounds, denser where a log axis is wide. */
export function logSplits(low: number, high: number, count: number): number[] {
  const round = [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8];
  const decades = Math.log10(high / low);
  const factors = decades > count / 2 ? [1] : decades > count / 4 ? [1, 3] : decades > 1.5 ? [1, 2, 5] : round;
  const splits: number[] = [];
  for (let decade = 10 ** Math.floor(Math.log10(low)); decade <= high; decade *= 10)
    for (const factor of factors) if (decade * factor >= low && decade * factor <= high) splits.push(decade * factor);
  if (splits.length < 3) return Array.from({ length: 5 }, (_, i) => low * (high / low) ** (i / 4));
  const every = Math.ceil(splits.length / count);
  return splits.filter((_, i) => i % every === 0);
}

/** Index of the point of a line nearest to the pointer; most x values belong to other lines. */
export function nearestPoint(u: uPlot, line: number, index: number): number {
  const ys = u.data[line];
  if (line === 0 || ys[index] != null) return index;
  const xs = u.data[0];
  let left = index;
  let right = index;
  while (left >= 0 && ys[left] == null) left--;
  while (right < ys.length && ys[right] == null) right++;
  // Before its first and after its last point a line has nothing to say, nor of points that are out of view.
  const { min = xs[0], max = xs[xs.length - 1] } = u.scales.x;
  const before = left >= 0 && xs[left] >= min;
  const after = right < ys.length && xs[right] <= max;
  if (left < 0 || right >= ys.length || (!before && !after)) return index;
  if (!before || !after) return before ? left : right;
  return xs[index] - xs[left] <= xs[right] - xs[index] ? left : right;
}
