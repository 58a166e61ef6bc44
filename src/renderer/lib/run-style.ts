/** How runs look side by side: a hue per run; raw weights solid, a dash per policy. */

/** Runs that can be told apart by their colour. */
export const comparable = 8;
const dashes: readonly (readonly number[])[] = [
  [7, 4],
  [2, 3],
  [11, 3, 2, 3],
  [4, 3],
  [15, 4],
  [7, 3, 2, 3, 2, 3],
];

/** CSS variable of the i-th run. */
export const runColor = (i: number): string => `--meander-run-${(i % comparable) + 1}`;

/** Dash of the i-th policy over all runs; never solid, which is raw. */
export const policyDash = (i: number): number[] => [...dashes[i % dashes.length]];
