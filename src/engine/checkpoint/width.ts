/** A power EMA of another width, worked out from what a run stored: `power@0.15` wherever weights are named. */
import type { PowerConfig } from '../../shared/config.ts';
import { maxWidth, minWidth, powerExponent } from '../../shared/power.ts';
import type { PolicyState } from '../averaging/policy.ts';
import { solveProfile } from '../averaging/power-solve.ts';
import { UserError } from '../errors.ts';
import type { WeightReader } from './vector.ts';

/** Pairs that a reconstruction uses at most; more of them gain nothing and cost open files. */
const usedPairs = 32;
/** The farthest that a profile may be from the one asked for, relative to its norm. */
const toleratedError = 0.25;

/** The policy and the width that `id@width` names; null where there is no @. */
export function widthAsked(of: string): { id: string; width: number } | null {
  const at = of.lastIndexOf('@');
  if (at < 0) return null;
  const [id, text] = [of.slice(0, at), of.slice(at + 1)];
  const width = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (width >= minWidth && width <= maxWidth) return { id, width };
  throw new UserError(
    'bad-width',
    `"${text}" is no width that an average can have.`,
    `Choose a number from ${minWidth} to ${maxWidth}, such as ${id}@0.15.`,
  );
}

/** Stored pairs that a reconstruction reads, beside the checkpoint's own: spread evenly, the oldest left out last. */
export function pairsFor(state: PolicyState): { step: number; count: number; sha256: string }[] {
  const earlier = (state.stored ?? []).filter((pair) => pair.count < state.count);
  if (earlier.length <= usedPairs) return [...earlier];
  return Array.from({ length: usedPairs }, (_, i) => earlier[Math.floor(((i + 1) * earlier.length) / usedPairs) - 1]);
}

/**
 * Weights of that width by range: a combination of stored vectors, summed in float64 and rounded once.
 * @param pairs observations and both vectors of each pair, the checkpoint's own last; no two of the same count
 * @throws UserError 'width-out-of-reach' when what is stored cannot make the width
 */
export function widthReader(
  config: PowerConfig,
  width: number,
  pairs: readonly { readonly count: number; readonly reads: readonly WeightReader[] }[],
): WeightReader {
  const gammas = config.widths.map(powerExponent);
  const stored = pairs.flatMap(({ count, reads }) =>
    reads.map((read, i) => ({ profile: { time: count, gamma: gammas[i] }, read })),
  );
  const wanted = { time: pairs[pairs.length - 1].count, gamma: powerExponent(width) };
  const { coefficients, error } = solveProfile(
    stored.map(({ profile }) => profile),
    wanted,
  );
  if (!(error <= toleratedError))
    throw new UserError(
      'width-out-of-reach',
      `From ${pairs.length} stored pairs of the widths ${config.widths.join(' and ')}, ${width} cannot be made: the weighting would be ${Math.round(100 * error)}% off.`,
      'Choose a width nearer to those, or a later checkpoint; store more pairs in the next run.',
    );
  return async (offset, count) => {
    const sum = new Float64Array(count);
    for (const [i, { read }] of stored.entries()) {
      const next = await read(offset, count);
      for (let j = 0; j < count; j++) sum[j] += coefficients[i] * next[j];
    }
    return Float32Array.from(sum);
  };
}
