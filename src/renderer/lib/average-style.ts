/** How averages look: one family of hues, each with a dash of its own, the same everywhere on a page. */

const colors = 6;
const dashes: readonly (readonly number[])[] = [[], [9, 4], [9, 3, 2, 3], [4, 3], [14, 4], [2, 3]];

/** CSS variable of the i-th average of a run. */
export const averageColor = (i: number): string => `--meander-average-${(i % colors) + 1}`;

/** Dash of the i-th average's line; undefined is solid. */
export function averageDash(i: number): number[] | undefined {
  const dash = dashes[i % dashes.length];
  return dash.length === 0 ? undefined : [...dash];
}

/** A LAWA line while its window is filling. */
export const fillingDash: number[] = [2, 4];
export const rawColor = '--meander-ink';
export const trainColor = '--meander-faint';
