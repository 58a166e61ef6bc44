/** What raw, averages and the annealed run say of one another at the last step of a cooldown, in numbers and words. */
import type { RunConfig } from '../../../../shared/config.ts';
import type { EvaluationResult, WeightsRef } from '../../../../shared/jobs.ts';
import type { EvaluationLine } from '../../../../shared/metrics.ts';
import type { Difference } from '../../../../shared/statistics.ts';
import {
  formatCount,
  formatDuration,
  formatLoss,
  formatPercent,
  formatShort,
  formatSigned,
} from '../../../lib/format.ts';
import { t } from '../../../strings.ts';

const texts = t.comparison;

/** Averages that had a value at a step; a window that still filled is not compared. */
export function fullAverages(evaluations: readonly EvaluationLine[], step: number): string[] {
  const line = evaluations.findLast((one) => one.step <= step);
  return Object.entries(line?.averages ?? {}).flatMap(([id, { full, loss }]) => (full && loss !== null ? [id] : []));
}

/** Annealed first, since every difference is against it; then raw and the averages of the trunk at that step. */
export function comparedWeights(child: string, trunk: string, step: number, averages: readonly string[]): WeightsRef[] {
  return [
    { run: child, step, of: 'raw' },
    { run: trunk, step, of: 'raw' },
    ...averages.map((of) => ({ run: trunk, step, of })),
  ];
}

export interface Measured {
  readonly annealed: EvaluationResult;
  readonly raw: EvaluationResult;
  readonly averages: readonly EvaluationResult[];
}

/** Results in the order of `comparedWeights`; null where some are missing. */
export function measuredOf(results: readonly EvaluationResult[]): Measured | null {
  const [annealed, raw, ...averages] = results;
  return annealed && raw ? { annealed, raw, averages } : null;
}

/**
 * The best average, and its loss less the annealed run's. Of several, the one that is best on every other block, judged
 * on the remaining ones; of one, or where there are too few blocks, over all.
 */
export function bestAgainst(measured: Measured): { id: string; difference: Difference; halved: boolean } | null {
  const { averages } = measured;
  if (averages.length === 0) return null;
  const halved = averages.length > 1 && averages.every(({ halves }) => halves !== undefined);
  const of = (one: EvaluationResult): number => (halved && one.halves ? one.halves[0].difference : one.difference);
  const best = averages.reduce((a, b) => (of(b) < of(a) ? b : a));
  return { id: best.of, difference: halved && best.halves ? best.halves[1] : best, halved };
}

export interface Occasion {
  /** The cooldown's last step. */
  readonly step: number;
  readonly from: number;
  readonly config: RunConfig;
  /** The trunk's. */
  readonly evaluations: readonly EvaluationLine[];
  /** Seconds that the cooldown trained; null where they are not known. */
  readonly seconds: number | null;
}

const tokensAt = ({ config, step }: Occasion): string =>
  formatShort(step * config.batch.microBatch * config.batch.accumulation * config.model.blockSize);

/** Which wins, by how much, and what it cost. Sentences. */
export function inWords(measured: Measured, occasion: Occasion): string[] {
  const { step, evaluations, config } = occasion;
  const at = formatCount(step);
  const tokens = tokensAt(occasion);
  const said: string[] = [];
  const best = bestAgainst(measured);
  if (best) {
    const { id, difference } = best;
    const words = [
      at,
      tokens,
      id,
      formatLoss(Math.abs(difference.difference)),
      formatLoss(difference.standardError),
    ] as const;
    if (difference.verdict === 'better') said.push(texts.averageAhead(...words));
    else said.push((difference.verdict === 'worse' ? texts.annealedAhead : texts.level)(...words));
    if (best.halved) said.push(texts.halves(id, formatCount(measured.averages.length)));
  } else said.push(texts.noAverage(at));
  const { difference, standardError, verdict } = measured.raw;
  const rawWords = [formatLoss(Math.abs(difference)), formatLoss(standardError)] as const;
  const raw = verdict === 'worse' ? texts.rawBehind : verdict === 'better' ? texts.rawAhead : texts.rawLevel;
  const gained = best && evaluations.findLast((one) => one.step === step)?.averages[best.id];
  said.push(
    raw(...rawWords) +
      (gained && gained.difference !== null
        ? ` ${texts.averageRaw(best.id, formatSigned(gained.difference), formatLoss(gained.standardError ?? 0))}`
        : ''),
  );
  said.push(
    costInWords(occasion),
    texts.errors(formatCount(Math.min(config.evaluation.blocks, blocksAt(evaluations, config)))),
  );
  return said;
}

/** Blocks that the set really has: a short one has fewer than were asked for. */
const blocksAt = (evaluations: readonly EvaluationLine[], config: RunConfig): number =>
  evaluations.at(-1)?.blocks ?? config.evaluation.blocks;

export function costInWords({ step, from, config, seconds }: Occasion): string {
  return texts.cost(
    formatCount(step - from),
    formatPercent((step - from) / config.steps),
    seconds === null ? null : formatDuration(seconds),
  );
}

/** Seconds of a measurement, from what the trunk's last evaluation of raw and its averages took; null: not known. */
export function measureSeconds(evaluations: readonly EvaluationLine[], weights: number): number | null {
  const last = evaluations.at(-1);
  if (!last) return null;
  return (last.took / (1 + Object.keys(last.averages).length)) * weights;
}
