/** The part of an x axis that is in view, moved and widened; all in the axis' own measure, linear or logarithmic. */

export type Range = readonly [number, number];

/** No closer than this share of the whole: beyond it float64 has no more places to tell apart. */
const closest = 1e-7;

const forth = (x: number, log: boolean): number => (log ? Math.log(x) : x);
const back = (x: number, log: boolean): number => (log ? Math.exp(x) : x);

/** `range` held inside of `whole`, as wide as it was where that fits. Null: the whole is in view. */
export function held(range: Range, whole: Range, log = false): Range | null {
  const [low, high] = [forth(whole[0], log), forth(whole[1], log)];
  const width = Math.max(forth(range[1], log) - forth(range[0], log), closest * (high - low));
  if (!(width < high - low)) return null;
  const from = Math.min(Math.max(forth(range[0], log), low), high - width);
  return [back(from, log), back(from + width, log)];
}

/** `factor` below 1 comes closer. What lies at `centre` stays where it is; without one, the middle. */
export function zoomedBy(range: Range, whole: Range, factor: number, centre: number | null, log = false): Range | null {
  const [from, to] = [forth(range[0], log), forth(range[1], log)];
  const middle = centre === null ? (from + to) / 2 : Math.min(Math.max(forth(centre, log), from), to);
  const width = Math.max((to - from) * factor, closest * (forth(whole[1], log) - forth(whole[0], log)));
  const start = middle - ((middle - from) / (to - from)) * width;
  return held([back(start, log), back(start + width, log)], whole, log);
}

/** Moved by a share of its width, at most to an end. */
export function movedBy(range: Range, whole: Range, share: number, log = false): Range | null {
  const [from, to] = [forth(range[0], log), forth(range[1], log)];
  const by = share * (to - from);
  return held([back(from + by, log), back(to + by, log)], whole, log);
}

/** What a key asks of the view; undefined: nothing. */
export function zoomKey(
  key: string,
  range: Range,
  whole: Range,
  centre: number | null,
  log = false,
): Range | null | undefined {
  switch (key) {
    case '+':
    case '=':
      return zoomedBy(range, whole, 1 / 1.5, centre, log);
    case '-':
    case '_':
      return zoomedBy(range, whole, 1.5, centre, log);
    case 'ArrowLeft':
      return movedBy(range, whole, -0.15, log);
    case 'ArrowRight':
      return movedBy(range, whole, 0.15, log);
    case '0':
    case 'Home':
      return null;
  }
}
