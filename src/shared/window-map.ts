/**
 * A map of validation loss over the windows that a run's kept weights allow, k by spacing, and over the widths that a
 * power EMA's stored pairs allow. The best is chosen on one half of the validation blocks and reported on the other.
 */
import { z } from 'zod';
import { UserError } from './errors.ts';
import { evaluationResult, type MapChoice, mapChoice } from './jobs.ts';
import { powerExponent } from './power.ts';
import { type Difference, pairedHalves } from './statistics.ts';

/** Windows and widths that one map measures at most: each is a whole evaluation. */
export const mostMapCells = 64;
export const defaultCounts: readonly number[] = [2, 3, 5, 8];
/** Spacings of a map that nobody asked for: the smallest that is kept, and so many doublings of it. */
const defaultSpacings = 5;
/** Widths that are tried of a power EMA; what the stored pairs cannot make is left out. */
const widths: readonly number[] = [0.03, 0.05, 0.075, 0.1, 0.15, 0.2];

export const mapCell = z.object({
  k: z.number().int().min(2),
  spacing: z.number().int().positive(),
  /** Its name among the results. */
  of: z.string(),
  /** Oldest first; null where weights of one of them are not kept. */
  steps: z.array(z.number().int().nonnegative()).nullable(),
});
export type MapCell = z.infer<typeof mapCell>;

export const mapWidth = z.object({
  /** Its name among the results and wherever weights are named: `power@0.1`. */
  of: z.string(),
  width: z.number(),
  /** Half of the average comes from the last so many steps. */
  half: z.number(),
});
export type MapWidth = z.infer<typeof mapWidth>;

export const mapPlan = z.object({
  /** Step of the newest checkpoint, with which every window ends. */
  end: z.number().int().nonnegative(),
  counts: z.array(z.number().int()),
  spacings: z.array(z.number().int()),
  /** Row by row: every count, and in it every spacing. */
  cells: z.array(mapCell),
  widths: z.array(mapWidth),
});
export type MapPlan = z.infer<typeof mapPlan>;

export const windowMap = z.object({
  plan: mapPlan,
  /** Raw, policies, then windows and widths that have a finite loss, each against raw. Empty: it was cancelled. */
  evaluations: z.array(evaluationResult),
  choice: mapChoice.nullable(),
});
export type WindowMap = z.infer<typeof windowMap>;

/** Evaluations that a map of this plan takes, `beside` weights for comparison among them. */
export const mapEvaluations = (plan: MapPlan, beside: number): number =>
  plan.cells.filter(({ steps }) => steps !== null).length + plan.widths.length + beside;

/**
 * What can be measured.
 * @param points steps of kept weights
 * @param end step of the newest checkpoint
 * @param asked null: the usual ones
 * @param powers power EMAs with stored pairs, and the steps that they have averaged over
 * @throws UserError 'map-too-large', 'map-empty', 'map-values'
 */
export function planMap(
  points: readonly number[],
  end: number,
  asked: { readonly counts: readonly number[] | null; readonly spacings: readonly number[] | null },
  powers: readonly { readonly id: string; readonly steps: number }[],
): MapPlan {
  const counts = checked(asked.counts ?? defaultCounts, 2, 'k');
  const kept = new Set(points);
  const earlier = points.filter((step) => step < end);
  const spacings = checked(asked.spacings ?? usualSpacings(earlier, end), 1, 'spacing');
  if (counts.length * spacings.length > mostMapCells)
    throw new UserError(
      'map-too-large',
      `A map of ${counts.length} × ${spacings.length} windows is too large: at most ${mostMapCells} are measured at once.`,
      'Name fewer of them.',
    );
  const cells = counts.flatMap((k) =>
    spacings.map((spacing): MapCell => {
      const steps = Array.from({ length: k }, (_, i) => end - (k - 1 - i) * spacing);
      return { k, spacing, of: `${k}×${spacing}`, steps: steps.every((step) => kept.has(step)) ? steps : null };
    }),
  );
  const plan = { end, counts, spacings, cells, widths: powers.flatMap(widthsOf) };
  if (mapEvaluations(plan, 0) > 0) return plan;
  throw new UserError(
    'map-empty',
    `Of the weights that this run keeps, none make a window that ends at step ${end}.`,
    earlier.length === 0
      ? 'Keep more checkpoints in the next run (checkpoints.keepEvery), or give it a LAWA policy.'
      : `Steps that are kept before it: ${earlier.slice(-8).join(', ')}.`,
  );
}

/** Of the weights (i/n)^γ the last share f of n counts 1 − (1 − f)^(γ+1). */
function widthsOf({ id, steps }: { readonly id: string; readonly steps: number }): MapWidth[] {
  return widths.map((width) => {
    const half = Math.round(steps * (1 - 0.5 ** (1 / (powerExponent(width) + 1))));
    return { of: `${id}@${width}`, width, half };
  });
}

function checked(values: readonly number[], least: number, name: string): number[] {
  const wrong = values.find((value) => !Number.isSafeInteger(value) || value < least);
  if (wrong === undefined) return [...new Set(values)].sort((a, b) => a - b);
  throw new UserError('map-values', `${wrong} is no ${name} of a window.`, `Take whole numbers from ${least}.`);
}

/** Distances to the kept steps of which at least two fit, as the smallest and its doublings. */
function usualSpacings(earlier: readonly number[], end: number): number[] {
  const nearest = Math.max(...earlier);
  if (!Number.isFinite(nearest)) return [];
  const smallest = end - nearest;
  const oldest = Math.min(...earlier);
  return Array.from({ length: defaultSpacings }, (_, i) => smallest * 2 ** i).filter((gap) => end - gap >= oldest);
}

/**
 * The choice among candidates by their losses block by block; ties go to the first.
 * @param losses of raw first and of policies, all over the same blocks
 * @returns null without a candidate, and where there are too few blocks to halve
 */
export function chooseOnHalf(
  candidates: ReadonlyMap<string, Float64Array>,
  losses: ReadonlyMap<string, Float64Array>,
): MapChoice | null {
  const [base] = losses.values();
  if (base === undefined || base.length < 4) return null;
  let best: { of: string; losses: Float64Array; first: number } | null = null;
  for (const [of, own] of candidates) {
    const first = pairedHalves(own, base)[0].difference;
    if (best === null || first < best.first) best = { of, losses: own, first };
  }
  if (best === null) return null;
  const { of, losses: own } = best;
  const against = [...losses].map(([other, theirs]): Difference & { of: string } => ({
    of: other,
    ...pairedHalves(own, theirs)[1],
  }));
  const second = Array.from(own).filter((_, i) => i % 2 === 1);
  const loss = second.reduce((sum, value) => sum + value, 0) / second.length;
  return { of, among: candidates.size, loss, against };
}
