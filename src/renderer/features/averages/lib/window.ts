/** A window drawn over the weights that a run kept: which of them it takes, and how its ends move. */

/** First and last place in the list of kept steps, both taken. */
export interface Window {
  readonly first: number;
  readonly last: number;
}

/** What lies between two steps, or null where that is fewer than two. Steps ascend. */
export function windowOver(steps: readonly number[], from: number, to: number): Window | null {
  const [low, high] = from < to ? [from, to] : [to, from];
  const first = steps.findIndex((step) => step >= low);
  const last = steps.findLastIndex((step) => step <= high);
  return first >= 0 && last > first ? { first, last } : null;
}

/** The newest five, or all where there are fewer; null for fewer than two. */
export function proposedWindow(count: number): Window | null {
  return count < 2 ? null : { first: Math.max(0, count - 5), last: count - 1 };
}

/** The window after a key on one of its handles; null for a key that means nothing. Two steps always stay in it. */
export function movedByKey(window: Window, handle: 'first' | 'last', key: string, count: number): Window | null {
  const big = Math.max(2, Math.round(count / 10));
  const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -big, PageUp: big }[key];
  const [low, high] = handle === 'first' ? [0, window.last - 1] : [window.first + 1, count - 1];
  const wanted = key === 'Home' ? low : key === 'End' ? high : by === undefined ? null : window[handle] + by;
  if (wanted === null) return null;
  return { ...window, [handle]: Math.min(high, Math.max(low, wanted)) };
}

/** The window after its handle was dragged to a step: to the nearest that keeps two in it. */
export function movedTo(window: Window, handle: 'first' | 'last', steps: readonly number[], step: number): Window {
  const [low, high] = handle === 'first' ? [0, window.last - 1] : [window.first + 1, steps.length - 1];
  let nearest = low;
  for (let i = low; i <= high; i++)
    if (Math.abs((steps[i] as number) - step) < Math.abs((steps[nearest] as number) - step)) nearest = i;
  return { ...window, [handle]: nearest };
}

/** The window over another list of steps, as a run that trains on makes and lets go of them; null when it is gone. */
export function keptWindow(window: Window, before: readonly number[], after: readonly number[]): Window | null {
  return windowOver(after, before[window.first] as number, before[window.last] as number);
}

/**
 * Where the axis begins and ends: at now, and at the run's start unless all that is kept lies far from it, as in a long
 * run that lets go of old weights.
 */
export function axisOver(steps: readonly number[], now: number): { from: number; to: number } {
  const first = steps[0] ?? 0;
  const to = Math.max(1, now, steps[steps.length - 1] ?? 0);
  return { from: first > 0.3 * to ? Math.max(0, Math.floor(first - 0.05 * (to - first))) : 0, to };
}

/** Distance between neighbours: one number where they are even, else the smallest and the largest. */
export function spacingOf(steps: readonly number[]): { from: number; to: number } | null {
  if (steps.length < 2) return null;
  const gaps = steps.slice(1).map((step, i) => step - (steps[i] as number));
  return { from: Math.min(...gaps), to: Math.max(...gaps) };
}
